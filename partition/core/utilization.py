"""The tiles of a population that fit one core, and what each core holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convert.network import Population, Shape
from partition.geometry.blocks import Ints, block_of_neuron, block_sizes, cores, counts, starts
from partition.geometry.links import Link, reach
from partition.geometry.matrix_blocks import pairs
from partition.geometry.tile import Tile
from partition.hardware import Chip

from .memory import Incoming, incoming
from .packing import PLAIN, Packing


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
