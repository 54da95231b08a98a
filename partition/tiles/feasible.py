"""The tiles of a population that fit one core, and what each core holds."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil, prod

from convert.errors import UserError
from convert.network import Population, Shape
from partition.core.packing import PLAIN, Packing
from partition.core.synapse_lists import packings
from partition.core.utilization import received
from partition.geometry.blocks import cores
from partition.geometry.links import Link
from partition.geometry.tile import Tile
from partition.hardware import Chip


@dataclass(frozen=True)
class Fit:
    """A tile whose blocks fit a core by compartments, input axons and synapse memory; ``cores`` is their number."""

    tile: Tile
    cores: int
    packing: Packing = PLAIN


def steps(size: int) -> list[int]:
    """The tile sizes worth trying along an axis: the least one for each number of tiles, largest first."""
    return sorted({ceil(size / n) for n in range(1, size + 1)}, reverse=True)


MOST_CORES = 3
"""Tiles that need more than this many times the cores of the best one are not offered."""


def menu(population: Population, links: Sequence[Link], chip: Chip, *, plain: bool = False) -> list[Fit]:
    """The tiles of ``population`` that fit a core, fewest cores first; output axons depend on the other tiles.

    With ``plain``, only those that fit as nengo_loihi packs them.
    """
    inward = [link for link in links if link.target == population.name]
    outward = [link for link in links if link.source == population.name]
    least = sum(chip.discrete_axon_slots if link.rows is None else chip.population_axon_slots for link in outward)
    shape = population.shape
    sizes = product(steps(shape[0]), steps(shape[1]), steps(shape[2]))
    tiles = [tile for tile in sizes if prod(tile) <= chip.compartments]
    fitting: list[Fit] = []
    for number, tile in sorted(((cores(shape, tile), tile) for tile in tiles), key=lambda option: option[0]):
        if fitting and number > MOST_CORES * fitting[0].cores + 4:
            break
        if tile[0] * tile[1] * least > chip.out_axon_slots:
            continue
        packing = _packing([PLAIN] if plain else packings(inward, tile), inward, shape, tile, chip)
        if packing is not None:
            fitting.append(Fit(tile, number, packing))
    return fitting


def _packing(
    options: Iterable[Packing], inward: Sequence[Link], shape: Shape, tile: Tile, chip: Chip
) -> Packing | None:
    """The first of ``options`` with which the blocks fit a core."""
    for packing in options:
        if packing.compartments(tile) > chip.compartments:
            continue
        cost = received(inward, shape, tile, chip, packing)
        if cost.in_axons.max() > chip.in_axons:
            return None
        if cost.synapse_bits.max() <= chip.synapse_bits:
            return packing
    return None


def menus(populations: Sequence[Population], links: Sequence[Link], chip: Chip) -> dict[str, list[Fit]]:
    """The menu of every population; ``UserError`` names every one for which no tile fits."""
    known: dict[Hashable, list[Fit]] = {}
    found: dict[str, list[Fit]] = {}
    for population in populations:
        key = _signature(population, links)
        if key not in known:
            known[key] = menu(population, links, chip)
        found[population.name] = known[key]
    problems = [_does_not_fit(p, links, chip) for p in populations if not found[p.name]]
    if problems:
        raise UserError(problems)
    return found


def _signature(population: Population, links: Sequence[Link]) -> Hashable:
    """Equal for populations with the same menu: same shape, same geometry of what arrives, same kinds of axons out."""
    inward = [(link.source_shape, link.geometry) for link in links if link.target == population.name]
    outward = [link.rows is None for link in links if link.source == population.name]
    return population.shape, tuple(inward), tuple(outward)


def _does_not_fit(population: Population, links: Sequence[Link], chip: Chip) -> str:
    cost = received([link for link in links if link.target == population.name], population.shape, (1, 1, 1), chip)
    return (
        f"layer '{population.name}' ({population.source_layer}, shape {population.shape}): no tile fits a core; one "
        f"neuron alone needs up to {cost.in_axons.max()} input axons (limit {chip.in_axons}) and "
        f"{cost.synapse_bits.max()} bits of synapse memory (limit {chip.synapse_bits}); give it fewer inputs, by "
        "pooling or strides before it or fewer channels"
    )
