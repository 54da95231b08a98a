"""Moves and swaps of single blocks that lower the exact number of inter-chip messages, then annealing by swaps."""

from __future__ import annotations

import numba
import numpy as np

from ..geometry import Floats, Ints
from ..hardware import Board
from ..traffic import TrafficGraph
from .metis import metis
from .repair import repair

PASSES = 60


def local_search(graph: TrafficGraph, board: Board, *, seed: int) -> Ints:
    """The descent from METIS's placement."""
    return improve(graph, board, metis(graph, board, seed=seed), seed=seed)


def improve(
    graph: TrafficGraph, board: Board, chip: Ints, *, seed: int, annealing: int = 0, passes: int = PASSES
) -> Ints:
    """``chip`` after descent by moves and swaps; ``annealing`` random exchanges per block come before it."""
    edges = graph.symmetric
    arrays = (edges.indptr.astype(np.int64), edges.indices.astype(np.int64), edges.data)
    best = repair(graph, board, chip)
    _descend(*arrays, best, board.chips, board.chip.cores, passes)
    if annealing and board.chips > 1:
        warm = best.copy()
        heat = 0.5 * float(edges.data.mean()) if edges.nnz else 0.0
        _anneal(*arrays, warm, board.chips, board.chip.cores, annealing * graph.blocks, heat, seed)
        _descend(*arrays, warm, board.chips, board.chip.cores, passes)
        best = min((best, warm), key=graph.interchip)
    return best


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _connections(first: Ints, other: Ints, weight: Floats, chip: Ints, chips: int) -> Floats:
    """Shape (blocks, chips): messages between a block and all blocks of a chip."""
    to_chip = np.zeros((len(chip), chips))
    for i in range(len(chip)):
        for k in range(first[i], first[i + 1]):
            to_chip[i, chip[other[k]]] += weight[k]
    return to_chip


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _relocate(
    first: Ints, other: Ints, weight: Floats, chip: Ints, to_chip: Floats, count: Ints, block: int, target: int
) -> None:
    source = chip[block]
    chip[block] = target
    count[source] -= 1
    count[target] += 1
    for k in range(first[block], first[block + 1]):
        to_chip[other[k], source] -= weight[k]
        to_chip[other[k], target] += weight[k]


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _descend(first: Ints, other: Ints, weight: Floats, chip: Ints, chips: int, capacity: int, passes: int) -> None:
    """Best move or swap of each block in turn until a whole pass gains nothing."""
    blocks = len(chip)
    to_chip = _connections(first, other, weight, chip, chips)
    count = np.bincount(chip, minlength=chips)
    direct = np.zeros(blocks)
    smallest = 1e-9 * (weight.max() if len(weight) else 1.0)
    for _ in range(passes):
        improved = False
        for i in range(blocks):
            a = chip[i]
            best, partner, target = smallest, -1, -1
            most = 0.0
            for c in range(chips):
                gain = to_chip[i, c] - to_chip[i, a]
                if c != a:
                    most = max(most, to_chip[i, c])
                    if count[c] < capacity and gain > best:
                        best, target = gain, c
            if most > 0.0:
                for k in range(first[i], first[i + 1]):
                    direct[other[k]] = weight[k]
                for j in range(blocks):
                    c = chip[j]
                    if c == a:
                        continue
                    gain = to_chip[i, c] - to_chip[i, a] + to_chip[j, a] - to_chip[j, c] - 2 * direct[j]
                    if gain > best:
                        best, partner, target = gain, j, c
                for k in range(first[i], first[i + 1]):
                    direct[other[k]] = 0.0
            if target < 0:
                continue
            improved = True
            _relocate(first, other, weight, chip, to_chip, count, i, target)
            if partner >= 0:
                _relocate(first, other, weight, chip, to_chip, count, partner, a)
        if not improved:
            return


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _anneal(
    first: Ints, other: Ints, weight: Floats, chip: Ints, chips: int, capacity: int, tries: int, heat: float, seed: int
) -> None:
    """Random moves towards a neighbour's chip, by swap where that is full, accepted by Metropolis while it cools."""
    np.random.seed(seed)  # noqa: NPY002 (numba's own generator)
    blocks = len(chip)
    to_chip = _connections(first, other, weight, chip, chips)
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
        gain = to_chip[i, c] - to_chip[i, a]
        j = -1
        if count[c] >= capacity:
            j = members[c, np.random.randint(count[c])]  # noqa: NPY002
            gain += to_chip[j, a] - to_chip[j, c]
            for k in range(first[i], first[i + 1]):
                if other[k] == j:
                    gain -= 2 * weight[k]
        if gain < 0 and np.random.random() >= np.exp(gain / temperature):  # noqa: NPY002
            continue
        last = members[a, count[a] - 1]
        members[a, place[i]] = last
        place[last] = place[i]
        _relocate(first, other, weight, chip, to_chip, count, i, c)
        if j >= 0:
            members[c, place[j]] = i
            place[i] = place[j]
            _relocate(first, other, weight, chip, to_chip, count, j, a)
            members[a, count[a] - 1] = j
            place[j] = count[a] - 1
        else:
            members[c, count[c] - 1] = i
            place[i] = count[c] - 1
