"""The fewest cores that hold a network, layer by layer: what is known before tiles and chips are searched for."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from convert.check.report import Footprint
from convert.errors import UserError
from convert.network import Network, Population

from .geometry.links import Link, links_onto_chip
from .hardware import BOARDS, Chip, chips_for, smallest_board
from .tiles.feasible import FeasibleTile, does_not_fit, fitting_tiles, signature
from .tiles.knapsack import overflowing


def fewest_cores(network: Network) -> Footprint:
    """Cores and chips of ``network`` on the smallest board, each layer cut into as few blocks as its cores allow.

    Weights and rates do not matter. Layers that fit no core, or a network that fits no board, are ``problems``.
    """
    chip = smallest_board(1).chip
    links = links_onto_chip(network)
    populations = network.chip_populations
    layers = _Layers(links, chip)
    tiles = {population.name: layers.next_of(population) for population in populations}
    problems = [does_not_fit(p, links, chip) for p in populations if tiles[p.name] is None]
    found = {name: tile for name, tile in tiles.items() if tile is not None}
    if not problems:
        problems = _within_axons(network, layers, found)
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


@dataclass(frozen=True)
class _Layers:
    """The tiles of each layer, one after the other; layers that are alike share what has been found."""

    links: Sequence[Link]
    chip: Chip
    coming: dict[Hashable, Iterator[FeasibleTile]] = field(default_factory=dict)
    seen: dict[Hashable, list[FeasibleTile]] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)

    def next_of(self, population: Population) -> FeasibleTile | None:
        """The next tile of ``population``, of as many cores or more; None after the last one."""
        key = signature(population, self.links)
        if key not in self.coming:
            self.coming[key] = fitting_tiles(population, self.links, self.chip)
        seen, number = self.seen.setdefault(key, []), self.taken.get(population.name, 0)
        if number == len(seen):
            seen += [tile for tile in (next(self.coming[key], None),) if tile is not None]
        self.taken[population.name] = number + 1
        return seen[number] if number < len(seen) else None


def _within_axons(network: Network, layers: _Layers, found: dict[str, FeasibleTile]) -> list[str]:
    """Takes smaller tiles, in ``found``, where output axons overflow; the problems if there are none or too many."""
    most = max(board.cores for board in BOARDS.values())
    while too_full := overflowing(network, layers.links, _tiles(found), layers.chip):
        for name in too_full:
            tile = layers.next_of(network.population(name))
            if tile is None or tile.cores > most:
                return [
                    f"layer '{name}': in no tile do the output axons fit a core (limit {layers.chip.out_axon_slots}); "
                    "give it fewer layers that take its spikes, or smaller ones"
                ]
            found[name] = tile
    return []


def _tiles(found: Mapping[str, FeasibleTile]) -> dict[str, tuple[int, int, int]]:
    return {name: option.tile for name, option in found.items()}
