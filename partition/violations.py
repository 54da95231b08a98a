"""Whether a partition is one of a network, and every limit of the chip that it exceeds, all at once."""

from __future__ import annotations

from collections import Counter

import numpy as np

from convert.errors import UserError
from convert.network import Network
from partition.block import Copy
from partition.copies.cores import cores_used
from partition.copies.fits import Fits
from partition.copies.rectangles import Rectangles
from partition.core.utilization import OUT_SLOTS, utilization
from partition.geometry.links import links_onto_chip
from partition.geometry.tile import tile_slices

from .result import Partition


def cuts(partition: Partition, network: Network) -> bool:
    """Whether the blocks of ``partition`` are the chip populations of ``network`` cut by its tiles."""
    expected = [
        (population.name, slices)
        for population in network.chip_populations
        if population.name in partition.tiles
        for slices in tile_slices(population.shape, partition.tiles[population.name])
    ]
    named = {population.name for population in network.chip_populations} == set(partition.tiles)
    blocks = [(block.layer, block.slice) for block in partition.blocks]
    return named and expected == blocks and all(_is_part(copy, network, partition) for copy in partition.copies)


def _is_part(copy: Copy, network: Network, partition: Partition) -> bool:
    """Whether ``copy`` holds neurons of a layer, of one tile of its channels, on a chip of one of its blocks."""
    if copy.layer not in partition.tiles or copy.chip not in {block.chip for block in partition.blocks}:
        return False
    shape, depth = network.shape_of(copy.layer), partition.tiles[copy.layer][2]
    first, end = copy.slice[2]
    inside = all(0 <= a < b <= size for (a, b), size in zip(copy.slice, shape, strict=True))
    return inside and first % depth == 0 and end == min(first + depth, shape[2])


def check_partition(network: Network, partition: Partition) -> None:
    """Refuses a partition of another network."""
    if not cuts(partition, network):
        raise UserError(
            "the partition does not cut this network: its layers or blocks differ; "
            "run partition-model on this bundle again"
        )


def check_limits(network: Network, partition: Partition) -> None:
    """Refuses a partition that exceeds a limit of the chip, with everything that does."""
    if problems := violations(network, partition):
        raise UserError([f"{problem}; run partition-model on this bundle again" for problem in problems])


def violations(network: Network, partition: Partition) -> list[str]:
    """One sentence for each limit of its board's chips that ``partition``, a partition of ``network``, exceeds."""
    return [*_misplaced(partition), *_too_full(network, partition), *_wrong_copies(network, partition)]


def _misplaced(partition: Partition) -> list[str]:
    """Cores that hold two blocks, and core numbers that a chip does not have."""
    chip = partition.board.chip
    blocks = Counter((block.chip, block.core) for block in partition.on_cores)
    problems = [
        f"core {core} of chip {number} holds {count} blocks, a core holds 1"
        for (number, core), count in sorted(blocks.items())
        if count > 1
    ]
    for number in sorted({block.chip for block in partition.on_cores}):
        cores = {core for of_chip, core in blocks if of_chip == number}
        if max(cores) >= chip.cores:
            problems.append(f"chip {number} has a block on core {max(cores)}, its cores are 0 to {chip.cores - 1}")
    return problems


def _too_full(network: Network, partition: Partition) -> list[str]:
    """Limits of a core that the fullest block of a layer exceeds."""
    links, chip = links_onto_chip(network), partition.board.chip
    problems = []
    for population in network.chip_populations:
        used = utilization(population, links, partition.tiles, chip, partition.packing(population.name))
        tile = " x ".join(map(str, partition.tiles[population.name]))
        problems += [
            f"layer '{population.name}', tile {tile}: {have:,} {name} on a core, the limit is {limit:,}"
            for name, (have, limit) in used.exceeded(chip).items()
            if not (partition.copies and name == OUT_SLOTS)
        ]
    return problems


def _wrong_copies(network: Network, partition: Partition) -> list[str]:
    """Copies that fit no core or whose integers would be others, and cores that send to too many."""
    if not partition.copies:
        return []
    links, chip, wiring = links_onto_chip(network), partition.board.chip, partition.wiring(network)
    rectangles = Rectangles(Fits(network, links, chip), partition.tiles)
    used = cores_used(wiring, links, chip)
    blocks = len(partition.blocks)
    problems = []
    for number, copy in enumerate(partition.copies, start=blocks):
        have = (used.compartments[number], used.in_axons[number], used.synapse_bits[number])
        if any(np.array(have) > (chip.compartments, chip.in_axons, chip.synapse_bits)):
            problems.append(f"a copy of layer '{copy.layer}', {copy.slice}, does not fit a core")
        if not rectangles.same_integers(copy.layer, copy.slice):
            problems.append(f"a copy of layer '{copy.layer}', {copy.slice}, would have other integers than its blocks")
    if (most := int(used.out_slots.max())) > chip.out_axon_slots:
        layer = partition.on_cores[int(used.out_slots.argmax())].layer
        problems.append(f"layer '{layer}': {most:,} {OUT_SLOTS} on a core, the limit is {chip.out_axon_slots:,}")
    return problems
