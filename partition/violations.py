"""Whether a partition is one of a network, and every limit of the chip that it exceeds, all at once."""

from __future__ import annotations

from collections import Counter

from convert.errors import UserError
from convert.network import Network
from partition.core.utilization import utilization
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
    return named and expected == [(block.layer, block.slice) for block in partition.blocks]


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
    return [*_misplaced(partition), *_too_full(network, partition)]


def _misplaced(partition: Partition) -> list[str]:
    """Cores that hold two blocks, and core numbers that a chip does not have."""
    chip = partition.board.chip
    blocks = Counter((block.chip, block.core) for block in partition.blocks)
    problems = [
        f"core {core} of chip {number} holds {count} blocks, a core holds 1"
        for (number, core), count in sorted(blocks.items())
        if count > 1
    ]
    for number in sorted({block.chip for block in partition.blocks}):
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
        ]
    return problems
