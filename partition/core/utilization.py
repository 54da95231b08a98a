"""What the blocks of a population take of their cores, limit by limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convert.network import Population, Shape
from partition.geometry.blocks import Ints, block_of_neuron, cores, starts
from partition.geometry.links import Link, MatrixLink, SeparableLink
from partition.geometry.tile import Tile
from partition.hardware import Chip

from .memory import Incoming, incoming, incoming_at_most, incoming_of_block
from .out_axons import out_axons, slots_per_axon
from .packing import PLAIN, Packing

OUT_SLOTS = "output axon slots"
"""What that limit is called."""
FEW_SYNAPSES = 50_000
"""Matrices of up to so many are looked at as a whole in a few milliseconds."""


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
            OUT_SLOTS: (self.out_slots + self.crossing_slots, chip.out_axon_slots),
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
    tile = tiles[population.name]
    slots, crossing = (np.zeros(cores(population.shape, tile), np.int64) for _ in range(2))
    for link in links:
        if link.source == population.name:
            axons = out_axons(link, tile, tiles[link.target])
            slots += axons * slots_per_axon(link, chip)
            crossing += axons * chip.chip_crossing_slots
    return slots, crossing


def received(
    links: Sequence[Link],
    shape: Shape,
    tile: Tile,
    chip: Chip,
    packing: Packing = PLAIN,
    *,
    of_link: Callable[[Link, Tile, Chip, Packing], Incoming] = incoming,
) -> Incoming:
    """Input axons and synapse memory of the blocks of a population, over all ``links`` that end on it."""
    axons = np.zeros(cores(shape, tile), np.int64)
    bits = np.zeros(cores(shape, tile), np.int64)
    alike = {(link.source_shape, link.geometry): link for link in links}
    times = Counter((link.source_shape, link.geometry) for link in links)
    for key, link in alike.items():
        cost = of_link(link, tile, chip, packing)
        axons += times[key] * cost.in_axons
        bits += times[key] * cost.synapse_bits
    return Incoming(axons, bits)


def fits(links: Sequence[Link], shape: Shape, tile: Tile, chip: Chip, packing: Packing = PLAIN) -> bool:
    """Whether no block receives more than a core takes; the cheapest ways to know it come first."""
    separable = any(isinstance(link, SeparableLink) for link in links)
    if not separable and surely_overfull(links, shape, tile, chip, packing):
        return False
    most = received(links, shape, tile, chip, packing, of_link=incoming_at_most)
    if most.in_axons.max() > chip.in_axons:
        return False
    if most.synapse_bits.max() <= chip.synapse_bits or not separable:
        return bool(most.synapse_bits.max() <= chip.synapse_bits)
    if surely_overfull(links, shape, tile, chip, packing):
        return False
    return bool(received(links, shape, tile, chip, packing).synapse_bits.max() <= chip.synapse_bits)


def surely_overfull(links: Sequence[Link], shape: Shape, tile: Tile, chip: Chip, packing: Packing = PLAIN) -> bool:
    """Whether the first block or the middle one receives more than a core takes: known from their synapses alone.

    For tiles that do not fit, which are most of those that are tried, large matrices need not be looked at as a whole.
    """
    matrices = [link for link in links if isinstance(link, MatrixLink) and link.matrix.nnz > FEW_SYNAPSES]
    if not matrices or cores(shape, tile) == 1:
        return False
    others = received([link for link in links if not isinstance(link, MatrixLink)], shape, tile, chip, packing)
    block_of = block_of_neuron(shape, tile)
    for block in {0, int(block_of[len(block_of) // 2])}:
        costs = [incoming_of_block(link, np.flatnonzero(block_of == block), chip) for link in matrices]
        if others.in_axons[block] + sum(axons for axons, _ in costs) > chip.in_axons:
            return True
        if others.synapse_bits[block] + sum(bits for _, bits in costs) > chip.synapse_bits:
            return True
    return False
