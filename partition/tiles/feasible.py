"""The feasible tiles of a population: those whose blocks fit a core, each with the packing by which they do."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil, prod

from convert.errors import UserError
from convert.network import Population, Shape
from convert.storage.atomic import NOTES
from partition.core.packing import PLAIN, Packing
from partition.core.synapse_lists import packings
from partition.core.utilization import received, slots_per_axon, surely_overfull
from partition.geometry.blocks import cores
from partition.geometry.links import Link
from partition.geometry.tile import Tile
from partition.hardware import Chip

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
    population: Population, links: Sequence[Link], chip: Chip, *, packings_to_try: Packings = packings
) -> list[FeasibleTile]:
    """The feasible tiles of ``population``, fewest cores first; output axons depend on the other layers' tiles."""
    return list(feasible_one_by_one(population, links, chip, packings_to_try=packings_to_try))


def feasible_one_by_one(
    population: Population, links: Sequence[Link], chip: Chip, *, packings_to_try: Packings = packings
) -> Iterator[FeasibleTile]:
    """The same, each looked for when it is asked for: first those that keep channels together if that is wanted, and
    others only if there is none."""
    found = False
    if population.whole_channels:
        for option in _fitting(population, links, chip, packings_to_try, whole_channels=True):
            found = True
            yield option
    if not found:
        yield from _fitting(population, links, chip, packings_to_try)


def _fitting(
    population: Population,
    links: Sequence[Link],
    chip: Chip,
    packings_to_try: Packings,
    *,
    whole_channels: bool = False,
) -> Iterator[FeasibleTile]:
    """The tiles that fit, fewest cores first; with ``whole_channels`` only those that have all of them."""
    inward = [link for link in links if link.target == population.name]
    least_slots = sum(slots_per_axon(link, chip) for link in links if link.source == population.name)
    shape, fewest = population.shape, None
    for number, tile in _candidates(shape, chip):
        if whole_channels and tile[2] < shape[2]:
            continue
        if fewest is not None and number > MOST_CORES * fewest + SPARE_CORES:
            break
        if tile[0] * tile[1] * least_slots > chip.out_axon_slots:
            continue
        packing = _packing(packings_to_try(inward, tile), inward, shape, tile, chip)
        if packing is not None:
            fewest = number if fewest is None else fewest
            yield FeasibleTile(tile, number, packing)


def feasible_tiles_of_layers(
    populations: Sequence[Population], links: Sequence[Link], chip: Chip
) -> dict[str, list[FeasibleTile]]:
    """The feasible tiles of every population; ``UserError`` names every one that has none."""
    by_signature: dict[Hashable, list[FeasibleTile]] = {}
    found: dict[str, list[FeasibleTile]] = {}
    for population in populations:
        key = signature(population, links)
        if key not in by_signature:
            by_signature[key] = feasible_tiles(population, links, chip)
        found[population.name] = by_signature[key]
    problems = [does_not_fit(p, links, chip) for p in populations if not found[p.name]]
    if problems:
        raise UserError(problems)
    for p in populations:
        if p.whole_channels and found[p.name][0].tile[2] < p.shape[2]:
            NOTES.info("%s", _cut_through(p, found[p.name][0]))
    return found


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
        if surely_overfull(inward, shape, tile, chip, packing):
            continue
        cost = received(inward, shape, tile, chip, packing)
        if cost.in_axons.max() > chip.in_axons:
            return None
        if cost.synapse_bits.max() <= chip.synapse_bits:
            return packing
    return None


def signature(population: Population, links: Sequence[Link]) -> Hashable:
    """Equal for populations with the same feasible tiles: same shape and wish, same geometry in, same kinds of links
    out."""
    inward = [(link.source_shape, link.geometry) for link in links if link.target == population.name]
    outward = [type(link) for link in links if link.source == population.name]
    return population.shape, population.whole_channels, tuple(inward), tuple(outward)


def _cut_through(population: Population, option: FeasibleTile) -> str:
    return (
        f"layer '{population.name}' was trained for cores that hold all of its {population.shape[2]} channels, and no "
        f"such part of it fits one; with {option.tile[2]} of them its weights are rounded otherwise: measure accuracy"
    )


def does_not_fit(population: Population, links: Sequence[Link], chip: Chip) -> str:
    cost = received([link for link in links if link.target == population.name], population.shape, (1, 1, 1), chip)
    return (
        f"layer '{population.name}' ({population.source_layer}, shape {population.shape}): no tile fits a core; one "
        f"neuron alone needs up to {cost.in_axons.max()} input axons (limit {chip.in_axons}) and "
        f"{cost.synapse_bits.max()} bits of synapse memory (limit {chip.synapse_bits}); give it fewer inputs, by "
        "pooling or strides before it or fewer channels"
    )
