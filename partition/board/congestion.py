"""The peak load of the board's links reduced: links get prices that grow with their load, blocks avoid dear ones."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from partition.geometry.blocks import Floats, Ints
from partition.numba_jit import compiled
from partition.place.block_moves import MessageCosts, SearchState, best_exchange, relocate, search_state
from partition.traffic.unicast import Adjacency, TrafficGraph

from .chip_placement import STARTS, InTime, Placement, always
from .chip_swaps import SAME, link_cost, swap_chips
from .routes import link_numbers, route_prices, routes

POWERS = (2.0, 4.0, 8.0, 16.0, 32.0)
"""The sum of all links' loads to these powers is lowered, one after the other; the last is nearly the maximum."""
PASSES_PER_POWER = 8
"""At most so many passes over all blocks with each power, the links priced anew before each. No move ends them."""
HOP_PRICE = 0.01
"""What every message adds for each link that it passes, if a message over the heaviest link adds 1. Chosen small, so
that hops decide among equal loads."""


class _Traffic(NamedTuple):
    """Who exchanges messages with whom, what of each entry its row sends, and the host's messages to each block."""

    adjacency: Adjacency
    sent: Floats
    from_host: Floats


class _Loads(NamedTuple):
    """Messages ``between`` chips, the host being the last one; their ``routes``; the number of links and a power."""

    between: Floats
    routes: Ints
    links: int
    power: float


def reduce_peak_load(start: Placement, *, seed: int, in_time: InTime = always) -> Placement:
    """``start`` with a lighter heaviest link: blocks move off dear links, and chips to other places, in turn.

    The best seen by ``link_cost`` is kept, so that none is heavier than ``start``.
    """
    if not (start.heaviest_link > 0 and in_time()):
        return start
    best = now = swap_chips(start, seed=seed, starts=STARTS, in_time=in_time)
    for power in POWERS:
        for _ in range(PASSES_PER_POWER):
            if not in_time():
                return best
            moved = _exchange_blocks(now, power)
            if (moved.chip == now.chip).all():
                break
            now = swap_chips(_renumbered(moved))
            best = min(best, now, key=link_cost)
    return best


def _exchange_blocks(now: Placement, power: float) -> Placement:
    """``now`` after one pass of moves and swaps of blocks that lower the sum of the links' loads to the ``power``.

    A link's price is the slope of that sum. A message between two chips costs the prices along its route, the mean of
    there and back, which may turn at different corners. The prices propose a move, the exact loads decide on it.
    """
    graph, board, scale = now.graph, now.board, now.heaviest_link
    price = route_prices(board, (now.link_loads / scale) ** (power - 1) + HOP_PRICE)
    there = price[np.ix_(now.places, now.places)]
    from_host = np.outer(graph.from_host, price[board.host, now.places])
    costs = MessageCosts(0.5 * (there + there.T), from_host / scale)
    adjacency = graph.adjacency._replace(weight=graph.adjacency.weight / scale)
    traffic = _Traffic(adjacency, _sent(graph) / scale, graph.from_host / scale)
    chip = now.chip.copy()
    _pass(traffic, costs, _loads_between_chips(now, power), chip, board.chip.cores)
    return replace(now, chip=chip)


def _loads_between_chips(now: Placement, power: float) -> _Loads:
    """The messages between chips in shares of the heaviest link, and their routes."""
    board, chips, scale = now.board, now.chips, now.heaviest_link
    between = np.zeros((chips + 1, chips + 1))
    between[:chips, :chips], between[chips, :chips] = now.links / scale, now.from_host / scale
    ends = np.append(now.places, board.host)
    paths = np.ascontiguousarray(routes(board, ends[:, None], ends[None, :]))
    return _Loads(between, paths, link_numbers(board), power)


def _sent(graph: TrafficGraph) -> Floats:
    """Of each entry of ``graph.symmetric``, what its row sends to its column."""
    edges, sent = graph.symmetric.tocoo(), graph.messages.tocoo()
    entry, those = (row.astype(np.int64) * graph.blocks + column for row, column in (edges.coords, sent.coords))
    others = sent.coords[0] != sent.coords[1]
    out = np.zeros(edges.nnz)
    out[np.searchsorted(entry, those[others])] = sent.data[others]
    return out


def _renumbered(placement: Placement) -> Placement:
    """``placement`` without chips that hold no block, the others in the order of their first block."""
    order = list(dict.fromkeys(placement.chip.tolist()))
    number = np.zeros(placement.chips, np.int64)
    number[order] = np.arange(len(order))
    return replace(placement, chip=number[placement.chip], places=placement.places[order])


@compiled()
def _load_power(loads: _Loads) -> float:
    """The sum of the links' loads to the power, and of all of them times ``HOP_PRICE``."""
    between, paths = loads.between, loads.routes
    change = np.zeros(loads.links + 1)
    for a in range(len(between)):
        for b in range(len(between)):
            for part in range(2):
                change[paths[part, 0, a, b]] += between[a, b]
                change[paths[part, 1, a, b]] -= between[a, b]
    load, total = 0.0, 0.0
    for link in range(loads.links):
        load = max(load + change[link], 0.0)
        total += load**loads.power / loads.power + HOP_PRICE * load
    return total


@compiled()
def _move(traffic: _Traffic, costs: MessageCosts, between: Floats, state: SearchState, block: int, target: int) -> None:
    """Moves ``block`` to the chip ``target``; ``between`` and ``state`` follow."""
    first, other, weight = traffic.adjacency
    sent, from_host = traffic.sent, traffic.from_host
    source, host = state.chip[block], len(between) - 1
    for k in range(first[block], first[block + 1]):
        c = state.chip[other[k]]
        between[source, c] -= sent[k]
        between[target, c] += sent[k]
        between[c, source] -= weight[k] - sent[k]
        between[c, target] += weight[k] - sent[k]
    between[host, source] -= from_host[block]
    between[host, target] += from_host[block]
    relocate(traffic.adjacency, costs.between, state, block, target)


@compiled()
def _pass(traffic: _Traffic, costs: MessageCosts, loads: _Loads, chip: Ints, capacity: int) -> None:
    """The move or swap of each block that the prices like most, if it lowers the sum of the links' loads."""
    adjacency, between = traffic.adjacency, loads.between
    state = search_state(adjacency, costs, chip)
    direct = np.zeros(len(chip))
    least = _load_power(loads)
    for i in range(len(chip)):
        a = chip[i]
        partner, target = best_exchange(adjacency, costs.between, state, direct, capacity, i, SAME)
        if target < 0:
            continue
        _move(traffic, costs, between, state, i, target)
        if partner >= 0:
            _move(traffic, costs, between, state, partner, a)
        now = _load_power(loads)
        if now < least * (1 - SAME):
            least = now
            continue
        _move(traffic, costs, between, state, i, a)
        if partner >= 0:
            _move(traffic, costs, between, state, partner, target)
