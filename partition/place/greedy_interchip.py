"""What nengo_loihi's default allocator ``GreedyInterchip`` does, for comparison.

A chip starts with a block that receives nothing, else with the first one left. It grows by the block at the end of the
largest single connection from or to a block that is on it already, one direction at a time, until it is full.
"""

from __future__ import annotations

import numpy as np

from partition.geometry.blocks import Floats, Ints
from partition.hardware import Board
from partition.traffic.unicast import TrafficGraph


def greedy_interchip(graph: TrafficGraph, board: Board, *, seed: int) -> Ints:
    outward = graph.messages.tocsr()
    inward = graph.messages.tocsc()
    received = np.asarray(graph.messages.sum(axis=0)).ravel()
    first = [int(i) for i in np.flatnonzero(received == 0)]
    chip = np.full(graph.blocks, -1, np.int64)
    strongest = np.zeros(graph.blocks)
    current, used = -1, board.chip.cores
    for _ in range(graph.blocks):
        if used == board.chip.cores:
            current, used = current + 1, 0
            strongest[:] = 0.0
        block = _next(strongest, chip, first)
        chip[block] = current
        used += 1
        for edges in (outward, inward):
            _raise(strongest, edges.indices, edges.data, edges.indptr, block)
    return chip


def _next(strongest: Floats, chip: Ints, first: list[int]) -> int:
    """The unplaced block with the strongest connection to the chip; else one that receives nothing; else any."""
    free = np.where(chip < 0, strongest, 0.0)
    best = int(free.argmax())
    if free[best] > 0:
        return best
    return next((i for i in first if chip[i] < 0), int(np.argmax(chip < 0)))


def _raise(strongest: Floats, indices: Ints, data: Floats, indptr: Ints, block: int) -> None:
    own = slice(indptr[block], indptr[block + 1])
    np.maximum.at(strongest, indices[own], data[own])
