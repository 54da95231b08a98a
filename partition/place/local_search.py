"""Moves and swaps of single blocks that lower the exact cost of messages between chips, then annealing."""

from __future__ import annotations

import numpy as np

from partition.geometry.blocks import Floats, Ints
from partition.hardware import Board
from partition.numba_jit import compiled
from partition.traffic.unicast import Adjacency, TrafficGraph

from .annealing import anneal
from .block_moves import MessageCosts, best_exchange, relocate, search_state, total_cost
from .metis import metis
from .repair import repair

PASSES = 60
"""At most so many times is every block tried. A limit only: a pass that gains nothing ends them."""
ANNEALING = 400
"""Random exchanges per block where annealing is worth its time. Chosen: with 4,000 the U-Net's messages differ by what
another seed changes (docs/partition.md)."""
LEAST_GAIN = 1e-9
"""A gain counts from this share of the heaviest pair of blocks on; what is below is rounding."""
FIRST_HEAT = 0.5
"""The temperature at first, in mean messages of a pair of blocks. An exchange that costs as many
messages is accepted with a probability of e^-2 = 14 % then; chosen by hand."""


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
    heat: float = FIRST_HEAT,
    passes: int = PASSES,
    distance: Floats | None = None,
    host_distance: Floats | None = None,
) -> Ints:
    """``chip`` after descent by moves and swaps; ``annealing`` random exchanges per block come before it.

    ``heat`` is the temperature at first, in mean messages of a pair of blocks.
    ``distance``, shape (chips, chips), is what a message from chip to chip costs, 1 between different ones if not
    given; ``host_distance``, shape (chips,), what one from the host costs, nothing if not given.
    """
    distance = 1.0 - np.eye(board.chips) if distance is None else distance
    host_distance = np.zeros(board.chips) if host_distance is None else host_distance
    adjacency, costs = graph.adjacency, MessageCosts(distance, np.outer(graph.from_host, host_distance))
    best = repair(graph, board, chip)
    _descend(adjacency, costs, best, board.chip.cores, passes)
    if annealing and board.chips > 1:
        warm = best.copy()
        first = heat * float(adjacency.weight.mean()) if len(adjacency.weight) else 0.0
        anneal(adjacency, costs, warm, board.chip.cores, annealing * graph.blocks, first, seed)
        _descend(adjacency, costs, warm, board.chip.cores, passes)
        best = min((best, warm), key=lambda found: total_cost(adjacency, costs, found))
    return best


@compiled()
def _descend(adjacency: Adjacency, costs: MessageCosts, chip: Ints, capacity: int, passes: int) -> None:
    """Best move or swap of each block in turn until a whole pass gains nothing; ``chip`` is changed in place."""
    between = costs.between
    state = search_state(adjacency, costs, chip)
    cost = state.cost
    direct = np.zeros(len(chip))
    least = LEAST_GAIN * (adjacency.weight.max() if len(adjacency.weight) else 1.0)
    for _ in range(passes):
        improved = False
        for i in range(len(chip)):
            a = chip[i]
            if cost[i, a] <= least:
                continue
            partner, target = best_exchange(adjacency, between, state, direct, capacity, i, least)
            if target < 0:
                continue
            improved = True
            relocate(adjacency, between, state, i, target)
            if partner >= 0:
                relocate(adjacency, between, state, partner, a)
        if not improved:
            return
