"""Moves of a block to another chip and swaps of two blocks: what they gain, and what they change. All compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from partition.geometry.blocks import Floats, Ints
from partition.numba_jit import compiled
from partition.traffic.unicast import Adjacency


class MessageCosts(NamedTuple):
    """What messages cost: ``between`` chips, shape (chips, chips), and those ``from_host``, shape (blocks, chips)."""

    between: Floats
    from_host: Floats


class SearchState(NamedTuple):
    """The ``chip`` of each block, the cores ``used`` on each chip and what each block costs on each chip.

    ``cost`` has shape (blocks, chips): what the messages of a block cost there, the other blocks where they are.
    """

    chip: Ints
    used: Ints
    cost: Floats


@compiled()
def search_state(adjacency: Adjacency, costs: MessageCosts, chip: Ints) -> SearchState:
    """``chip`` itself, which follows when blocks are relocated, with what follows from it."""
    cost = costs.from_host.copy()
    for i in range(len(chip)):
        for k in range(adjacency.first[i], adjacency.first[i + 1]):
            cost[i] += adjacency.weight[k] * costs.between[chip[adjacency.other[k]]]
    return SearchState(chip, np.bincount(chip, minlength=costs.from_host.shape[1]), cost)


@compiled()
def total_cost(adjacency: Adjacency, costs: MessageCosts, chip: Ints) -> float:
    """What all messages cost."""
    total = 0.0
    for i in range(len(chip)):
        total += costs.from_host[i, chip[i]]
        for k in range(adjacency.first[i], adjacency.first[i + 1]):
            total += 0.5 * adjacency.weight[k] * costs.between[chip[i], chip[adjacency.other[k]]]
    return total


@compiled()
def relocate(adjacency: Adjacency, between: Floats, state: SearchState, block: int, target: int) -> None:
    """Moves ``block`` to the chip ``target``; everything in ``state`` follows."""
    first, other, weight = adjacency
    chip, used, cost = state
    source = chip[block]
    chip[block] = target
    used[source] -= 1
    used[target] += 1
    for k in range(first[block], first[block + 1]):
        for c in range(len(between)):
            cost[other[k], c] += weight[k] * (between[target, c] - between[source, c])


@compiled()
def best_exchange(
    adjacency: Adjacency, between: Floats, state: SearchState, direct: Floats, capacity: int, block: int, least: float
) -> tuple[int, int]:
    """The swap partner (-1: a move) and the chip with which ``block`` gains most; chip -1 if no more than ``least``.

    ``direct`` is room for a number per block, all zero.
    """
    first, other, weight = adjacency
    chip, used, cost = state
    here = chip[block]
    best, partner, target = least, -1, -1
    for c in range(len(used)):
        gain = cost[block, here] - cost[block, c]
        if c != here and used[c] < capacity and gain > best:
            best, target = gain, c
    for k in range(first[block], first[block + 1]):
        direct[other[k]] = weight[k]
    for j in range(len(chip)):
        c = chip[j]
        if c == here:
            continue
        gain = cost[block, here] - cost[block, c] + cost[j, c] - cost[j, here] - 2 * direct[j] * between[here, c]
        if gain > best:
            best, partner, target = gain, j, c
    for k in range(first[block], first[block + 1]):
        direct[other[k]] = 0.0
    return partner, target
