"""Simulated annealing by moves and swaps. Source: Kirkpatrick, Gelatt, Vecchi, Science 220, 1983."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from partition.geometry.blocks import Floats, Ints
from partition.numba_jit import compiled
from partition.traffic.unicast import Adjacency

from .block_moves import MessageCosts, SearchState, relocate, search_state


class _Members(NamedTuple):
    """The blocks of each chip, shape (chips, capacity), and the place of each block among those of its chip."""

    blocks: Ints
    place: Ints


@compiled()
def anneal(
    adjacency: Adjacency, costs: MessageCosts, chip: Ints, capacity: int, tries: int, heat: float, seed: int
) -> None:
    """Random moves towards a neighbour's chip, by swap where that is full, accepted by Metropolis while it cools.

    ``heat`` is the temperature at first, in what messages cost; ``chip`` is changed in place.
    """
    np.random.seed(seed)  # noqa: NPY002 (numba's own generator)
    first, other = adjacency.first, adjacency.other
    between = costs.between
    state = search_state(adjacency, costs, chip)
    used, cost = state.used, state.cost
    members = _members(state, capacity)
    for step in range(tries):
        temperature = heat * (1.0 - step / tries) ** 2 + 1e-12
        i = np.random.randint(len(chip))  # noqa: NPY002
        if first[i] == first[i + 1]:
            continue
        a = chip[i]
        c = chip[other[np.random.randint(first[i], first[i + 1])]]  # noqa: NPY002
        if c == a:
            continue
        gain = cost[i, a] - cost[i, c]
        j = -1
        if used[c] >= capacity:
            j = members.blocks[c, np.random.randint(used[c])]  # noqa: NPY002
            gain += cost[j, c] - cost[j, a]
            gain -= _direct(adjacency, between, i, j, a, c)
        if gain < 0 and np.random.random() >= np.exp(gain / temperature):  # noqa: NPY002
            continue
        _leave(members, state, i)
        relocate(adjacency, between, state, i, c)
        if j >= 0:
            _take_place(members, i, c, members.place[j])
            relocate(adjacency, between, state, j, a)
            _take_place(members, j, a, used[a] - 1)
        else:
            _take_place(members, i, c, used[c] - 1)


@compiled()
def _members(state: SearchState, capacity: int) -> _Members:
    blocks = np.zeros((len(state.used), capacity), np.int64)
    place = np.zeros(len(state.chip), np.int64)
    fill = np.zeros(len(state.used), np.int64)
    for i in range(len(state.chip)):
        own = state.chip[i]
        place[i] = fill[own]
        blocks[own, fill[own]] = i
        fill[own] += 1
    return _Members(blocks, place)


@compiled()
def _direct(adjacency: Adjacency, between: Floats, i: int, j: int, a: int, c: int) -> float:
    """What the messages between the blocks i and j, on chips a and c, cost twice: a swap does not change them."""
    cost = 0.0
    for k in range(adjacency.first[i], adjacency.first[i + 1]):
        if adjacency.other[k] == j:
            cost += 2 * adjacency.weight[k] * between[a, c]
    return cost


@compiled()
def _leave(members: _Members, state: SearchState, block: int) -> None:
    """Gives the place of ``block`` to the last block of its chip."""
    chip = state.chip[block]
    last = members.blocks[chip, state.used[chip] - 1]
    members.blocks[chip, members.place[block]] = last
    members.place[last] = members.place[block]


@compiled()
def _take_place(members: _Members, block: int, chip: int, place: int) -> None:
    members.blocks[chip, place] = block
    members.place[block] = place
