"""The heaviest link of the board made lighter: links get prices that grow with their load, blocks avoid dear ones."""

from __future__ import annotations

from dataclasses import replace

import numba
import numpy as np

from partition.geometry.blocks import Floats, Ints
from partition.place.local_search import best_exchange, chip_prices, relocate
from partition.traffic.unicast import TrafficGraph

from .chip_placement import Placement
from .exchange import SAME, arranged, burden
from .routes import link_numbers, routes, way_prices

POWERS = (2.0, 4.0, 8.0, 16.0, 32.0)
"""The sum of all links' loads to these powers is lowered, one after the other; the last is nearly the maximum."""
PASSES = 8
"""Passes over all blocks with each power, the links priced anew before each."""
HOPS = 0.01
"""What every message adds for each link that it passes, if a message over the heaviest link adds 1."""
STARTS = 8
"""Random arrangements of the chips that are improved beside the given one."""


def lighter(start: Placement, *, seed: int) -> Placement:
    """``start`` with a lighter heaviest link: blocks move off dear links, and chips to other places, in turn.

    The best seen by ``burden`` is kept, so that none is heavier than ``start``.
    """
    if not start.heaviest_link > 0:
        return start
    best = now = arranged(start, seed=seed, starts=STARTS)
    for power in POWERS:
        for _ in range(PASSES):
            moved = _relieved(now, power)
            if (moved.chip == now.chip).all():
                break
            now = arranged(_renumbered(moved))
            best = min(best, now, key=burden)
    return best


def _relieved(now: Placement, power: float) -> Placement:
    """``now`` after one pass of moves and swaps of blocks that lower the sum of the links' loads to the ``power``.

    A link's price is the slope of that sum. A message between two chips costs the prices along its way, the mean of
    there and back, which may turn at different corners. The prices propose a move, the exact loads decide on it.
    """
    graph, board, chips = now.graph, now.board, now.chips
    loads, scale = now.link_loads, now.heaviest_link
    price = way_prices(board, (loads / scale) ** (power - 1) + HOPS)
    near = price[np.ix_(now.places, now.places)]
    outside = np.outer(graph.from_host, price[board.host, now.places])
    edges, out = graph.symmetric, _sent(graph) / scale
    between = np.zeros((chips + 1, chips + 1))
    between[:chips, :chips], between[chips, :chips] = now.links / scale, now.from_host / scale
    ends = np.append(now.places, board.host)
    ways = np.ascontiguousarray(routes(board, ends[:, None], ends[None, :]))
    chip = now.chip.copy()
    arrays = (edges.indptr.astype(np.int64), edges.indices.astype(np.int64), edges.data / scale)
    _pass(*arrays, out, graph.from_host / scale, 0.5 * (near + near.T), outside / scale, ways, between, chip,
          board.chip.cores, power, link_numbers(board))  # fmt: skip
    return replace(now, chip=chip)


def _sent(graph: TrafficGraph) -> Floats:
    """Of each entry of ``graph.symmetric``, what its row sends to its column."""
    edges, sent = graph.symmetric.tocoo(), graph.messages.tocoo()
    entry, those = (row.astype(np.int64) * graph.blocks + column for row, column in (edges.coords, sent.coords))
    out = np.zeros(edges.nnz)
    out[np.searchsorted(entry, those)] = sent.data
    return out


def _renumbered(placement: Placement) -> Placement:
    """``placement`` without chips that hold no block, the others in the order of their first block."""
    order = list(dict.fromkeys(placement.chip.tolist()))
    number = np.zeros(placement.chips, np.int64)
    number[order] = np.arange(len(order))
    return replace(placement, chip=number[placement.chip], places=placement.places[order])


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _strain(between: Floats, ways: Ints, power: float, links: int) -> float:
    """The sum of the links' loads to the ``power``, and of all of them times ``HOPS``."""
    change = np.zeros(links + 1)
    for a in range(len(between)):
        for b in range(len(between)):
            for part in range(2):
                change[ways[part, 0, a, b]] += between[a, b]
                change[ways[part, 1, a, b]] -= between[a, b]
    load, total = 0.0, 0.0
    for link in range(links):
        load = max(load + change[link], 0.0)
        total += load**power / power + HOPS * load
    return total


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _move(
    first: Ints, other: Ints, weight: Floats, out: Floats, from_host: Floats, near: Floats,
    between: Floats, chip: Ints, price: Floats, count: Ints, block: int, target: int,
) -> None:  # fmt: skip
    """Moves ``block`` to the chip ``target``; ``between``, ``chip``, ``price`` and ``count`` follow."""
    source, host = chip[block], len(between) - 1
    for k in range(first[block], first[block + 1]):
        c = chip[other[k]]
        between[source, c] -= out[k]
        between[target, c] += out[k]
        between[c, source] -= weight[k] - out[k]
        between[c, target] += weight[k] - out[k]
    between[host, source] -= from_host[block]
    between[host, target] += from_host[block]
    relocate(first, other, weight, near, chip, price, count, block, target)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _pass(
    first: Ints, other: Ints, weight: Floats, out: Floats, from_host: Floats, near: Floats, outside: Floats,
    ways: Ints, between: Floats, chip: Ints, capacity: int, power: float, links: int,
) -> None:  # fmt: skip
    """The move or swap of each block that the prices like most, if it lowers the strain."""
    blocks, chips = outside.shape
    price = chip_prices(first, other, weight, near, outside, chip)
    count = np.bincount(chip, minlength=chips)
    direct = np.zeros(blocks)
    strain = _strain(between, ways, power, links)
    for i in range(blocks):
        a = chip[i]
        partner, target = best_exchange(first, other, weight, near, price, chip, count, direct, capacity, i, SAME)
        if target < 0:
            continue
        _move(first, other, weight, out, from_host, near, between, chip, price, count, i, target)
        if partner >= 0:
            _move(first, other, weight, out, from_host, near, between, chip, price, count, partner, a)
        now = _strain(between, ways, power, links)
        if now < strain * (1 - SAME):
            strain = now
            continue
        _move(first, other, weight, out, from_host, near, between, chip, price, count, i, a)
        if partner >= 0:
            _move(first, other, weight, out, from_host, near, between, chip, price, count, partner, target)
