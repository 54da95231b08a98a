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

from .feasible import FeasibleTile, FeasibleTiles, feasible_tiles, only_plain
from .retile import Problem

HAND_SIDE = 8
"""Rows and columns of a hand-chosen tile, as in the CIFAR-10 example of nengo_loihi."""


def hand_tile(shape: Shape, feasible: Sequence[FeasibleTile]) -> Tile:
    """(8, 8, c) with the most channels that fit a core, or the tile that comes nearest to it."""
    wanted = [min(HAND_SIDE, size) for size in shape[:2]]

    def distance(option: FeasibleTile) -> tuple[float, int, int]:
        off = sum(abs(log(have / want)) for have, want in zip(option.tile[:2], wanted, strict=True))
        return (round(off, 9), -option.tile[2], option.cores)

    return min(feasible, key=distance).tile


def hand_tiles(
    populations: Sequence[Population], links: Sequence[Link], feasible: FeasibleTiles, chip: Chip
) -> dict[str, Tile]:
    """The hand tile of every population, among the tiles that fit as nengo_loihi packs them."""
    tiles = {}
    for p in populations:
        plain = [option for option in feasible[p.name] if option.packing == PLAIN]
        tiles[p.name] = hand_tile(p.shape, plain or feasible_tiles(p, links, chip, packings_to_try=only_plain))
    return tiles


def baselines(problem: Problem, feasible: FeasibleTiles, chip: Chip, chips: int) -> tuple[dict[str, float], int]:
    """Messages between chips per time step of every placer on hand tiles, and the number of chips they were given.

    That number is ``chips``, or more if hand tiles do not fit so few.
    """
    graph = problem.graph(hand_tiles(problem.network.chip_populations, problem.links, feasible, chip))
    given = max(chips, chips_for(graph.blocks, chip))
    board = Board("for hand tiles", given, given, "as many chips as they need", chip)
    found = {name: graph.interchip(place(graph, board, seed=problem.seed)) for name, place in PLACERS.items()}
    return found, given
