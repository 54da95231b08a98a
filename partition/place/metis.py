"""METIS, k-way and by recursive bisection, then repair of the capacity.

Source: Karypis and Kumar, SIAM J. Sci. Comput. 20(1), 1998.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pymetis

from partition.geometry.blocks import Ints
from partition.hardware import Board
from partition.traffic.unicast import TrafficGraph

from .integer_weights import integer_weights
from .repair import repair

METHODS = (partial(pymetis.part_graph, recursive=False), partial(pymetis.part_graph, recursive=True))
"""k-way, and by recursive bisection."""


CUTS, ITERATIONS = 4, 20
"""Partitions of which METIS takes the best, and refinements of each; 1 and 10 in METIS itself. Chosen by hand."""
MOST_IMBALANCE = 0.5
"""By how much more than its share a chip may hold, where the board has room for it. Chosen by hand."""


def metis(graph: TrafficGraph, board: Board, *, seed: int) -> Ints:
    if board.chips == 1 or graph.blocks <= board.chips:
        return np.arange(graph.blocks) % board.chips
    found = [_cut(graph, board, seed, method) for method in METHODS]
    return min((repair(graph, board, chip) for chip in found), key=graph.interchip)


def _cut(graph: TrafficGraph, board: Board, seed: int, method: Callable[..., tuple[int, list[int]]]) -> Ints:
    edges = graph.symmetric
    spare = board.cores / graph.blocks - 1
    options = pymetis.Options(
        seed=seed, ufactor=max(1, int(1000 * min(spare, MOST_IMBALANCE))), ncuts=CUTS, niter=ITERATIONS
    )
    _, chip = method(
        board.chips,
        xadj=edges.indptr.tolist(),
        adjncy=edges.indices.tolist(),
        eweights=integer_weights(edges.data).tolist(),
        options=options,
    )
    return np.array(chip, np.int64)
