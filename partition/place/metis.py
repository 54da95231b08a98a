"""METIS, k-way and by recursive bisection, then repair of the capacity.

Source: Karypis and Kumar, SIAM J. Sci. Comput. 20(1), 1998.
"""

from __future__ import annotations

import numpy as np
import pymetis

from partition.geometry.blocks import Ints
from partition.hardware import Board
from partition.traffic.unicast import TrafficGraph

from .integer_weights import integer_weights
from .repair import repair


def metis(graph: TrafficGraph, board: Board, *, seed: int) -> Ints:
    if board.chips == 1 or graph.blocks <= board.chips:
        return np.arange(graph.blocks) % board.chips
    found = [_partition(graph, board, seed, recursive) for recursive in (False, True)]
    return min((repair(graph, board, chip) for chip in found), key=graph.interchip)


def _partition(graph: TrafficGraph, board: Board, seed: int, recursive: bool) -> Ints:
    edges = graph.symmetric
    spare = board.cores / graph.blocks - 1
    options = pymetis.Options(seed=seed, ufactor=max(1, int(1000 * min(spare, 0.5))), ncuts=4, niter=20)
    _, chip = pymetis.part_graph(
        board.chips,
        xadj=edges.indptr.tolist(),
        adjncy=edges.indices.tolist(),
        eweights=integer_weights(edges.data).tolist(),
        recursive=recursive,
        options=options,
    )
    return np.array(chip, np.int64)
