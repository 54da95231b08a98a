"""The fewest cores that hold a network, layer by layer: what is known before tiles and chips are searched for."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from convert.check.report import Footprint
from convert.errors import UserError
from convert.network import Network, Population

from .core.utilization import out_axons, out_slots
from .geometry.links import Link, links_onto_chip
from .hardware import Chip, chips_for, smallest_board
from .tiles.feasible import FeasibleTile, does_not_fit, feasible_one_by_one, signature

ROUNDS = 200
"""At most so many times are tiles changed whose output axons overflow. A limit: a ResNet-50 takes 55."""


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
        """The next tile of ``population``, of as many cores or more; None after the last one that a search tries."""
        key = signature(population, self.links)
        if key not in self.coming:
            self.coming[key] = feasible_one_by_one(population, self.links, self.chip)
        seen, number = self.seen.setdefault(key, []), self.taken.get(population.name, 0)
        if number == len(seen):
            seen += islice(self.coming[key], 1)
        self.taken[population.name] = number + 1
        return seen[number] if number < len(seen) else None


def _within_axons(network: Network, layers: _Layers, found: dict[str, FeasibleTile]) -> list[str]:
    """Takes other tiles, in ``found``, where output axons overflow; a layer for which there are none is a problem."""
    tiles = {name: option.tile for name, option in found.items()}
    outward = {name: [link for link in layers.links if link.source == name] for name in found}

    def too_full(name: str) -> bool:
        slots = np.add(*out_slots(network.population(name), outward[name], tiles, layers.chip))
        return bool(slots.max() > layers.chip.out_axon_slots)

    def moved_on(name: str) -> bool:
        option = layers.next_of(network.population(name))
        if option is not None:
            found[name], tiles[name] = option, option.tile
            changed.update([name, *(link.source for link in layers.links if link.target == name)])
        return option is not None

    changed = set(found)
    for _ in range(ROUNDS):
        full = [name for name in found if name in changed and too_full(name)]
        if not full:
            return []
        changed = set()
        for name in full:
            heaviest = max(outward[name], key=lambda link: int(out_axons(link, tiles[name], tiles[link.target]).max()))
            if not moved_on(name) and not moved_on(heaviest.target):
                return [_no_axons(name, layers.chip)]
    return [_no_axons(name, layers.chip) for name in full]


def _no_axons(name: str, chip: Chip) -> str:
    return (
        f"layer '{name}': no tiles were found whose output axons fit a core (limit {chip.out_axon_slots} slots); give "
        "it fewer or smaller layers that take its spikes"
    )
