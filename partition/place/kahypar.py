"""Mt-KaHyPar's deterministic multilevel partitioning. Source: https://github.com/kahypar/mt-kahypar."""

from __future__ import annotations

import functools
from typing import Any

import mtkahypar
import numpy as np
from scipy import sparse

from partition.geometry.blocks import Ints
from partition.hardware import Board
from partition.traffic.unicast import TrafficGraph

from .integer_weights import integer_weights
from .repair import repair

IMBALANCE = 0.03
"""By how much more than its share a chip may hold, as in its documentation; cores are a limit besides."""


def kahypar(graph: TrafficGraph, board: Board, *, seed: int) -> Ints:
    if board.chips == 1 or graph.blocks <= board.chips:
        return np.arange(graph.blocks) % board.chips
    started = library()
    mtkahypar.set_seed(seed)
    context = started.context_from_preset(mtkahypar.PresetType.DETERMINISTIC_QUALITY)
    context.set_partitioning_parameters(board.chips, IMBALANCE, mtkahypar.Objective.CUT)
    context.set_individual_target_block_weights([board.chip.cores] * board.chips)
    context.logging = False
    edges = sparse.triu(graph.symmetric, k=1).tocoo()
    pairs = list(zip(edges.coords[0].tolist(), edges.coords[1].tolist(), strict=True))
    weights = integer_weights(edges.data).tolist()
    hypergraph = started.create_graph(context, graph.blocks, len(pairs), pairs, [1] * graph.blocks, weights)
    return repair(graph, board, np.array(hypergraph.partition(context).get_partition(), np.int64))


@functools.cache
def library() -> Any:
    """The library, which can be started once in a process; one thread keeps its answers the same."""
    return mtkahypar.initialize(1, False)
