"""The feasible tiles of a population: those whose blocks fit a core, each with the packing by which they do.

Layers are looked at from the last to the first, since what a layer may send depends on how its targets are cut.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil, prod
from types import MappingProxyType

from convert.errors import UserError
from convert.network import Population, Shape
from convert.storage.recovery import NOTES
from partition.core.memory import least_synapse_bits
from partition.core.packing import PLAIN, Packing
from partition.core.synapse_lists import packings
from partition.core.utilization import fits, received
from partition.geometry.blocks import cores
from partition.geometry.links import Link
from partition.geometry.tile import Tile
from partition.hardware import Chip

from .outward import OutwardLinks, TargetTiles

MOST_CORES, SPARE_CORES = 3, 4
"""A feasible tile takes at most so many times the cores of the best one, and so many more. Chosen to keep
the search short; the few more keep a choice for layers of one or two cores."""

Packings = Callable[[Sequence[Link], Tile], Sequence[Packing]]
"""The packings to try for a tile into which these links lead, in this order."""


@dataclass(frozen=True)
class FeasibleTile:
    """A tile whose blocks fit a core by compartments, input axons and synapse memory; ``cores`` is their number."""

    tile: Tile
    cores: int
    packing: Packing = PLAIN


FeasibleTiles = Mapping[str, Sequence[FeasibleTile]]
"""The feasible tiles of each layer, fewest cores first."""


def only_plain(links: Sequence[Link], tile: Tile) -> list[Packing]:
    """The packing that nengo_loihi uses by itself, and no other."""
    return [PLAIN]


def feasible_tiles(
    population: Population,
    links: Sequence[Link],
    chip: Chip,
    *,
    targets: TargetTiles = MappingProxyType({}),
    packings_to_try: Packings = packings,
) -> list[FeasibleTile]:
    """The feasible tiles of ``population`` that a search tries, fewest cores first."""
    found: list[FeasibleTile] = []
    for option in feasible_one_by_one(population, links, chip, targets=targets, packings_to_try=packings_to_try):
        if found and option.cores > MOST_CORES * found[0].cores + SPARE_CORES:
            break
        found.append(option)
    return found


def feasible_one_by_one(
    population: Population,
    links: Sequence[Link],
    chip: Chip,
    *,
    targets: TargetTiles = MappingProxyType({}),
    packings_to_try: Packings = packings,
) -> Iterator[FeasibleTile]:
    """All feasible tiles of ``population``, fewest cores first, each looked for when it is asked for.

    Output axons depend on the tiles of the layers that take its spikes. ``targets`` holds those that come into
    question; a tile for which the output axons do not fit whichever of them are taken is not feasible. Where channels
    are to be kept together, others are feasible only if no tile with all of them is.
    """
    inward = [link for link in links if link.target == population.name]
    outward = OutwardLinks.of(population, links, chip, targets)

    def fitting(*, whole_channels: bool) -> Iterator[FeasibleTile]:
        for number, tile in _candidates(population.shape, chip):
            if whole_channels and tile[2] < population.shape[2]:
                continue
            if outward.least_slots(tile) > chip.out_axon_slots:
                continue
            if least_synapse_bits(inward, tile, chip) > chip.synapse_bits:
                continue
            packing = _packing(packings_to_try(inward, tile), inward, population.shape, tile, chip)
            if packing is not None:
                yield FeasibleTile(tile, number, packing)

    first = None
    if population.whole_channels:
        for first in fitting(whole_channels=True):
            yield first
    if first is None:
        yield from fitting(whole_channels=False)


def feasible_tiles_of_layers(
    populations: Sequence[Population], links: Sequence[Link], chip: Chip
) -> dict[str, list[FeasibleTile]]:
    """The feasible tiles of every population, the last one first; ``UserError`` names every one that has none."""
    by_signature: dict[Hashable, list[FeasibleTile]] = {}
    found: dict[str, list[FeasibleTile]] = {}
    for population in reversed(populations):
        targets = {name: tuple(option.tile for option in options) for name, options in found.items()}
        key = signature(population, links, targets)
        if key not in by_signature:
            by_signature[key] = feasible_tiles(population, links, chip, targets=targets)
        found[population.name] = by_signature[key]
    problems = [why_none(p, links, chip) for p in populations if not found[p.name]]
    if problems:
        raise UserError(problems)
    for p in populations:
        if p.whole_channels and found[p.name][0].tile[2] < p.shape[2]:
            NOTES.info("%s", _cut_through(p, found[p.name][0]))
    return {population.name: found[population.name] for population in populations}


def _candidates(shape: Shape, chip: Chip) -> list[tuple[int, Tile]]:
    """(cores, tile) of every tile that a core's compartments hold, fewest cores first."""
    tiles = product(_steps(shape[0]), _steps(shape[1]), _steps(shape[2]))
    found = [(cores(shape, tile), tile) for tile in tiles if prod(tile) <= chip.compartments]
    return sorted(found, key=lambda option: option[0])


def _steps(size: int) -> list[int]:
    """The tile sizes worth trying along an axis: the least one for each number of tiles, largest first."""
    return sorted({ceil(size / n) for n in range(1, size + 1)}, reverse=True)


def _packing(
    options: Sequence[Packing], inward: Sequence[Link], shape: Shape, tile: Tile, chip: Chip
) -> Packing | None:
    """The first of ``options`` with which the blocks fit a core."""
    for packing in options:
        if packing.compartments(tile) > chip.compartments:
            continue
        if fits(inward, shape, tile, chip, packing):
            return packing
    return None


def signature(population: Population, links: Sequence[Link], targets: TargetTiles) -> Hashable:
    """Equal for populations with the same feasible tiles: shape, wish, geometry in, geometry and tiles out."""
    inward = [(link.source_shape, link.geometry) for link in links if link.target == population.name]
    outward = [
        (type(link), link.geometry, targets.get(link.target)) for link in links if link.source == population.name
    ]
    return population.shape, population.whole_channels, tuple(inward), tuple(outward)


def _cut_through(population: Population, option: FeasibleTile) -> str:
    return (
        f"layer '{population.name}' was trained for cores that hold all of its {population.shape[2]} channels, and no "
        f"such part of it fits one; with {option.tile[2]} of them its weights are rounded otherwise: measure accuracy"
    )


def why_none(population: Population, links: Sequence[Link], chip: Chip) -> str:
    """Why ``population`` has no feasible tile: for what it receives or, if that fits, for what it sends."""
    if next(feasible_one_by_one(population, links, chip), None) is None:
        return _does_not_fit(population, links, chip)
    return _sends_too_much(population.name, chip)


def _does_not_fit(population: Population, links: Sequence[Link], chip: Chip) -> str:
    cost = received([link for link in links if link.target == population.name], population.shape, (1, 1, 1), chip)
    return (
        f"layer '{population.name}' ({population.source_layer}, shape {population.shape}): no tile fits a core; one "
        f"neuron alone needs up to {cost.in_axons.max()} input axons (limit {chip.in_axons}) and "
        f"{cost.synapse_bits.max()} bits of synapse memory (limit {chip.synapse_bits}); give it fewer inputs, by "
        "pooling or strides before it or fewer channels"
    )


def _sends_too_much(name: str, chip: Chip) -> str:
    return (
        f"layer '{name}': no tiles were found whose output axons fit a core (limit {chip.out_axon_slots} slots); give "
        "it fewer or smaller layers that take its spikes"
    )
