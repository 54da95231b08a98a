"""Moves and swaps of single blocks that lower the exact cost of messages between chips, then annealing by swaps."""

from __future__ import annotations

import numba
import numpy as np

from partition.geometry.blocks import Floats, Ints
from partition.hardware import Board
from partition.traffic.unicast import TrafficGraph

from .metis import metis
from .repair import repair

PASSES = 60


def local_search(graph: TrafficGraph, board: Board, *, seed: int) -> Ints:
    """The descent from METIS's placement."""
    return improve(graph, board, metis(graph, board, seed=seed), seed=seed)


def improve(
    graph: TrafficGraph,
    board: Board,
    chip: Ints,
    *,
    seed: int,
    annealing: int = 0,
    passes: int = PASSES,
    far: Floats | None = None,
    from_host: Floats | None = None,
) -> Ints:
    """``chip`` after descent by moves and swaps; ``annealing`` random exchanges per block come before it.

    ``far``, shape (chips, chips), is what a message from chip to chip costs, 1 between different ones if not given;
    ``from_host`` what one from the host costs.
    """
    edges = graph.symmetric
    far = 1.0 - np.eye(board.chips) if far is None else far
    outside = np.outer(graph.from_host, np.zeros(board.chips) if from_host is None else from_host)
    arrays = (edges.indptr.astype(np.int64), edges.indices.astype(np.int64), edges.data, far, outside)
    best = repair(graph, board, chip)
    _descend(*arrays, best, board.chip.cores, passes)
    if annealing and board.chips > 1:
        warm = best.copy()
        heat = 0.5 * float(edges.data.mean()) if edges.nnz else 0.0
        _anneal(*arrays, warm, board.chip.cores, annealing * graph.blocks, heat, seed)
        _descend(*arrays, warm, board.chip.cores, passes)
        best = min((best, warm), key=lambda found: _cost(*arrays, found))
    return best


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def chip_prices(first: Ints, other: Ints, weight: Floats, far: Floats, outside: Floats, chip: Ints) -> Floats:
    """Shape (blocks, chips): what the messages of a block cost on each chip, the other blocks where they are."""
    price = outside.copy()
    for i in range(len(chip)):
        for k in range(first[i], first[i + 1]):
            price[i] += weight[k] * far[chip[other[k]]]
    return price


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _cost(first: Ints, other: Ints, weight: Floats, far: Floats, outside: Floats, chip: Ints) -> float:
    """What all messages cost."""
    total = 0.0
    for i in range(len(chip)):
        total += outside[i, chip[i]]
        for k in range(first[i], first[i + 1]):
            total += 0.5 * weight[k] * far[chip[i], chip[other[k]]]
    return total


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def relocate(
    first: Ints, other: Ints, weight: Floats, far: Floats,
    chip: Ints, price: Floats, count: Ints, block: int, target: int,
) -> None:  # fmt: skip
    """Moves ``block`` to the chip ``target``; ``chip``, ``price`` and ``count`` follow."""
    source = chip[block]
    chip[block] = target
    count[source] -= 1
    count[target] += 1
    for k in range(first[block], first[block + 1]):
        for c in range(len(far)):
            price[other[k], c] += weight[k] * (far[target, c] - far[source, c])


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def best_exchange(
    first: Ints, other: Ints, weight: Floats, far: Floats, price: Floats, chip: Ints, count: Ints,
    direct: Floats, capacity: int, block: int, least: float,
) -> tuple[int, int]:  # fmt: skip
    """The swap partner (-1: a move) and the chip with which ``block`` gains most; chip -1 if no more than ``least``.

    ``direct`` is room for a number per block, all zero.
    """
    here = chip[block]
    best, partner, target = least, -1, -1
    for c in range(len(count)):
        gain = price[block, here] - price[block, c]
        if c != here and count[c] < capacity and gain > best:
            best, target = gain, c
    for k in range(first[block], first[block + 1]):
        direct[other[k]] = weight[k]
    for j in range(len(chip)):
        c = chip[j]
        if c == here:
            continue
        gain = price[block, here] - price[block, c] + price[j, c] - price[j, here] - 2 * direct[j] * far[here, c]
        if gain > best:
            best, partner, target = gain, j, c
    for k in range(first[block], first[block + 1]):
        direct[other[k]] = 0.0
    return partner, target


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _descend(
    first: Ints, other: Ints, weight: Floats, far: Floats, outside: Floats, chip: Ints, capacity: int, passes: int
) -> None:
    """Best move or swap of each block in turn until a whole pass gains nothing."""
    blocks, chips = outside.shape
    price = chip_prices(first, other, weight, far, outside, chip)
    count = np.bincount(chip, minlength=chips)
    direct = np.zeros(blocks)
    smallest = 1e-9 * (weight.max() if len(weight) else 1.0)
    for _ in range(passes):
        improved = False
        for i in range(blocks):
            a = chip[i]
            if price[i, a] <= smallest:
                continue
            partner, target = best_exchange(
                first, other, weight, far, price, chip, count, direct, capacity, i, smallest
            )
            if target < 0:
                continue
            improved = True
            relocate(first, other, weight, far, chip, price, count, i, target)
            if partner >= 0:
                relocate(first, other, weight, far, chip, price, count, partner, a)
        if not improved:
            return


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _anneal(
    first: Ints, other: Ints, weight: Floats, far: Floats, outside: Floats,
    chip: Ints, capacity: int, tries: int, heat: float, seed: int,
) -> None:  # fmt: skip
    """Random moves towards a neighbour's chip, by swap where that is full, accepted by Metropolis while it cools."""
    np.random.seed(seed)  # noqa: NPY002 (numba's own generator)
    blocks, chips = outside.shape
    price = chip_prices(first, other, weight, far, outside, chip)
    count = np.bincount(chip, minlength=chips)
    members = np.zeros((chips, capacity), np.int64)
    place = np.zeros(blocks, np.int64)
    fill = np.zeros(chips, np.int64)
    for i in range(blocks):
        place[i] = fill[chip[i]]
        members[chip[i], fill[chip[i]]] = i
        fill[chip[i]] += 1
    for step in range(tries):
        temperature = heat * (1.0 - step / tries) ** 2 + 1e-12
        i = np.random.randint(blocks)  # noqa: NPY002
        if first[i] == first[i + 1]:
            continue
        a = chip[i]
        c = chip[other[np.random.randint(first[i], first[i + 1])]]  # noqa: NPY002
        if c == a:
            continue
        gain = price[i, a] - price[i, c]
        j = -1
        if count[c] >= capacity:
            j = members[c, np.random.randint(count[c])]  # noqa: NPY002
            gain += price[j, c] - price[j, a]
            for k in range(first[i], first[i + 1]):
                if other[k] == j:
                    gain -= 2 * weight[k] * far[a, c]
        if gain < 0 and np.random.random() >= np.exp(gain / temperature):  # noqa: NPY002
            continue
        last = members[a, count[a] - 1]
        members[a, place[i]] = last
        place[last] = place[i]
        relocate(first, other, weight, far, chip, price, count, i, c)
        if j >= 0:
            members[c, place[j]] = i
            place[i] = place[j]
            relocate(first, other, weight, far, chip, price, count, j, a)
            members[a, count[a] - 1] = j
            place[j] = count[a] - 1
        else:
            members[c, count[c] - 1] = i
            place[i] = count[c] - 1
