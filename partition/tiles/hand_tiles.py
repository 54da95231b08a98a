"""What simple placers reach on the tiles one would choose by hand, for comparison."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

from convert.network import Population, Shape
from partition.core.packing import PLAIN
from partition.geometry.links import Link
from partition.geometry.tile import Tile
from partition.hardware import Board, Chip, chips_for
from partition.place import PLACERS

from .feasible import Fit, menu
from .knapsack import Menus
from .retile import Problem

HAND = 8
"""Rows and columns of a hand-chosen tile, as in the CIFAR-10 example of nengo_loihi."""


def hand_tile(shape: Shape, fits: Sequence[Fit]) -> Tile:
    """(8, 8, c) with the most channels that fit a core, or the tile that comes nearest to it."""
    wanted = [min(HAND, size) for size in shape[:2]]

    def distance(fit: Fit) -> tuple[float, int, int]:
        off = sum(abs(log(have / want)) for have, want in zip(fit.tile[:2], wanted, strict=True))
        return (round(off, 9), -fit.tile[2], fit.cores)

    return min(fits, key=distance).tile


def hand_tiles(populations: Sequence[Population], links: Sequence[Link], menus: Menus, chip: Chip) -> dict[str, Tile]:
    """The hand tile of every population, among the tiles that fit as nengo_loihi packs them."""
    tiles = {}
    for p in populations:
        plain = [fit for fit in menus[p.name] if fit.packing == PLAIN] or menu(p, links, chip, plain=True)
        tiles[p.name] = hand_tile(p.shape, plain)
    return tiles


def baselines(problem: Problem, menus: Menus, chip: Chip, chips: int) -> tuple[dict[str, float], int]:
    """Messages between chips per time step of every placer on hand tiles, and the number of chips they were given.

    That number is ``chips``, or more if hand tiles do not fit so few.
    """
    graph = problem.graph(hand_tiles(problem.network.chip_populations, problem.links, menus, chip))
    given = max(chips, chips_for(graph.blocks, chip))
    board = Board("for hand tiles", given, given, "as many chips as they need", chip)
    found = {name: graph.interchip(place(graph, board, seed=problem.seed)) for name, place in PLACERS.items()}
    return found, given
