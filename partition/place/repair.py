"""Capacity: moves blocks off chips that hold too many, where that costs the fewest messages."""

from __future__ import annotations

import numpy as np

from partition.geometry.blocks import Ints
from partition.hardware import Board
from partition.numba_jit import compiled
from partition.traffic.unicast import Adjacency, TrafficGraph


def repair(graph: TrafficGraph, board: Board, chip: Ints) -> Ints:
    """``chip`` with at most ``board.chip.cores`` blocks on each chip."""
    assert graph.blocks <= board.cores, f"{graph.blocks} blocks do not fit {board.cores} cores"
    chip = np.array(chip, np.int64)
    _repair(graph.adjacency, chip, board.chips, board.chip.cores)
    return chip


@compiled()
def _repair(adjacency: Adjacency, chip: Ints, chips: int, capacity: int) -> None:
    first, other, weight = adjacency
    blocks = len(chip)
    count = np.zeros(chips, np.int64)
    to_chip = np.zeros((blocks, chips))
    for i in range(blocks):
        count[chip[i]] += 1
        for k in range(first[i], first[i + 1]):
            to_chip[i, chip[other[k]]] += weight[k]
    while count.max() > capacity:
        block, target, least = -1, -1, np.inf
        for i in range(blocks):
            if count[chip[i]] <= capacity:
                continue
            for c in range(chips):
                loss = to_chip[i, chip[i]] - to_chip[i, c]
                if count[c] < capacity and loss < least:
                    block, target, least = i, c, loss
        source = chip[block]
        chip[block] = target
        count[source] -= 1
        count[target] += 1
        for k in range(first[block], first[block + 1]):
            to_chip[other[k], source] -= weight[k]
            to_chip[other[k], target] += weight[k]
