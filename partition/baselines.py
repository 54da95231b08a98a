"""What simple placers reach on the tiles one would choose by hand, for comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import log

from convert.network import Shape

from .hardware import Board, chips_for
from .packing import PLAIN
from .place import PLACERS
from .refine import Problem
from .tile import Tile
from .tiling import Fit

HAND = 8
"""Rows and columns of a hand-chosen tile, as in the CIFAR-10 example of nengo_loihi."""


def hand_tile(shape: Shape, fits: Sequence[Fit]) -> Tile:
    """(8, 8, c) with the most channels that fit a core, or the tile that comes nearest to it."""
    wanted = [min(HAND, size) for size in shape[:2]]

    def distance(fit: Fit) -> tuple[float, int, int]:
        off = sum(abs(log(have / want)) for have, want in zip(fit.tile[:2], wanted, strict=True))
        return (round(off, 9), -fit.tile[2], fit.cores)

    return min(fits, key=distance).tile


def baselines(problem: Problem, menus: Mapping[str, Sequence[Fit]], board: Board) -> tuple[dict[str, float], int]:
    """Messages between chips per time step of every placer on hand tiles, and the number of chips they were given.

    That number is ``board.chips``, or more if hand tiles do not fit so few.
    """
    plain = {name: [fit for fit in fits if fit.packing == PLAIN] for name, fits in menus.items()}
    tiles = {p.name: hand_tile(p.shape, plain[p.name]) for p in problem.network.chip_populations}
    graph = problem.graph(tiles)
    chips = max(board.chips, chips_for(graph.blocks, board.chip))
    wide = replace(board, chips=chips)
    found = {name: graph.interchip(place(graph, wide, seed=problem.seed)) for name, place in PLACERS.items()}
    return found, chips
