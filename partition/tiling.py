"""The tiles of a population that fit one core, and what each core holds."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil, prod

import numpy as np

from convert.errors import UserError
from convert.network import Population, Shape

from .discrete import pairs
from .geometry import Ints, Link, block_of_neuron, block_sizes, cores, counts, reach, starts
from .hardware import Chip
from .memory import Incoming, incoming
from .packing import PLAIN, Packing
from .synapse_lists import packings
from .tile import Tile


@dataclass(frozen=True)
class Utilization:
    """What the blocks of one population use, in block order.

    ``out_slots`` counts as nengo_loihi does; ``crossing_slots`` are added where every output axon leaves the chip.
    """

    compartments: Ints
    in_axons: Ints
    out_slots: Ints
    crossing_slots: Ints
    synapse_bits: Ints

    def exceeded(self, chip: Chip) -> dict[str, tuple[int, int]]:
        """What the fullest block has too much of: name -> (used, limit)."""
        used = {
            "compartments": (self.compartments, chip.compartments),
            "input axons": (self.in_axons, chip.in_axons),
            "output axon slots": (self.out_slots + self.crossing_slots, chip.out_axon_slots),
            "synapse bits": (self.synapse_bits, chip.synapse_bits),
        }
        return {name: (int(value.max()), limit) for name, (value, limit) in used.items() if value.max() > limit}


def utilization(
    population: Population,
    links: Sequence[Link],
    tiles: Mapping[str, Tile],
    chip: Chip,
    packing: Packing = PLAIN,
) -> Utilization:
    """What each block of ``population`` uses when every chip population is cut by ``tiles`` and it is packed so."""
    tile = tiles[population.name]
    inward = received([k for k in links if k.target == population.name], population.shape, tile, chip, packing)
    slots, crossing = out_slots(population, links, tiles, chip)
    return Utilization(
        compartments=compartments(population.shape, tile, packing),
        in_axons=inward.in_axons,
        out_slots=slots,
        crossing_slots=crossing,
        synapse_bits=inward.synapse_bits,
    )


def compartments(shape: Shape, tile: Tile, packing: Packing) -> Ints:
    """The compartments of each block of a population of ``shape``, used or not."""
    rows, columns, channels = (
        np.minimum(step, size - starts(size, step)) for size, step in zip(shape, tile, strict=True)
    )
    blocks = np.stack([axis.ravel() for axis in np.meshgrid(rows, columns, channels, indexing="ij")], axis=1)
    kinds, of_block = np.unique(blocks, axis=0, return_inverse=True)
    return np.array([packing.compartments((h, w, c)) for h, w, c in kinds.tolist()])[of_block.ravel()]


def out_slots(
    population: Population, links: Sequence[Link], tiles: Mapping[str, Tile], chip: Chip
) -> tuple[Ints, Ints]:
    """Output axon slots of each block, as nengo_loihi counts them; and those added if every axon leaves the chip."""
    axons = np.zeros((2, cores(population.shape, tiles[population.name])), np.int64)
    for link in links:
        if link.source == population.name:
            axons[int(link.rows is None)] += out_axons(link, tiles[population.name], tiles[link.target])
    slots = axons[0] * chip.population_axon_slots + axons[1] * chip.discrete_axon_slots
    return slots, axons.sum(axis=0) * chip.chip_crossing_slots


def received(links: Iterable[Link], shape: Shape, tile: Tile, chip: Chip, packing: Packing = PLAIN) -> Incoming:
    """Input axons and synapse memory of the blocks of a population, over all ``links`` that end on it."""
    axons = np.zeros(cores(shape, tile), np.int64)
    bits = np.zeros(cores(shape, tile), np.int64)
    for link in links:
        cost = incoming(link, tile, chip, packing)
        axons += cost.in_axons
        bits += cost.synapse_bits
    return Incoming(axons, bits)


def out_axons(link: Link, source_tile: Tile, target_tile: Tile) -> Ints:
    """The number of output axons that ``link`` needs on each block of its source.

    Population axons: one for each pixel of the block and each target block that it reaches, whatever the channels.
    A target that is a single block receives an axon of every pixel, used or not, as nengo_loihi builds it.
    """
    rows, columns, channels = counts(link.source_shape, source_tile)
    alone = counts(link.target_shape, target_tile) == (1, 1, 1)
    if link.rows is None or link.columns is None:
        if alone:
            return block_sizes(link.source_shape, source_tile)
        block = block_of_neuron(link.source_shape, source_tile)
        return np.bincount(block[pairs(link, target_tile).source], minlength=rows * columns * channels)
    if alone:
        return np.repeat(block_sizes((*link.source_shape[:2], 1), (*source_tile[:2], 1)), channels)
    reached = [
        np.add.reduceat(reach(taps, target_tile[axis]).sum(axis=1), starts(len(taps), source_tile[axis]))
        for axis, taps in enumerate((link.rows, link.columns))
    ]
    per_pixel = reached[0][:, None] * reached[1][None, :] * counts(link.target_shape, target_tile)[2]
    return np.repeat(per_pixel.ravel(), channels)


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
        f"layer '{population.name}' ({population.kind}, shape {population.shape}): no tile fits a core; one neuron "
        f"alone needs up to {cost.in_axons.max()} input axons (limit {chip.in_axons}) and {cost.synapse_bits.max()} "
        f"bits of synapse memory (limit {chip.synapse_bits}); give it fewer inputs, by pooling or strides before it "
        "or fewer channels"
    )
