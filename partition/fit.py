"""About how many cores hold a network, layer by layer: what is known before tiles and chips are searched for."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from convert.check.report import Footprint
from convert.errors import UserError
from convert.network import Network

from .geometry.links import Link, links_onto_chip
from .hardware import Chip, chips_for, smallest_board
from .tiles.feasible import FeasibleTile, feasible_one_by_one, signature, why_none


def foreseen_cores(network: Network) -> Footprint:
    """Cores and chips of ``network`` on the smallest board, each layer cut into as few blocks as those of its
    targets allow; other tiles of the targets may do with fewer, and partition-model looks at messages first.

    Weights and rates do not matter. Layers that fit no core, or a network that fits no board, are ``problems``.
    """
    chip = smallest_board(1).chip
    found, problems = _fewest_blocks(network, links_onto_chip(network), chip)
    cores = sum(tile.cores for tile in found.values())
    board = None
    if not problems:
        try:
            board = smallest_board(cores).name
        except UserError as error:
            problems += error.problems
    return Footprint(
        layers={name: tile.cores for name, tile in found.items()},
        cores=cores,
        chips=chips_for(cores, chip),
        board=board,
        problems=tuple(problems),
    )


def _fewest_blocks(network: Network, links: Sequence[Link], chip: Chip) -> tuple[dict[str, FeasibleTile], list[str]]:
    """The tile with the fewest cores of each layer beside those of its targets; and what is wrong with the others."""
    by_signature: dict[Hashable, FeasibleTile | None] = {}
    found: dict[str, FeasibleTile] = {}
    problems: list[str] = []
    for population in reversed(network.chip_populations):
        targets = {name: (option.tile,) for name, option in found.items()}
        key = signature(population, links, targets)
        if key not in by_signature:
            by_signature[key] = next(feasible_one_by_one(population, links, chip, targets=targets), None)
        option = by_signature[key]
        if option is None:
            problems.append(why_none(population, links, chip))
        else:
            found[population.name] = option
    return dict(reversed(found.items())), problems[::-1]
