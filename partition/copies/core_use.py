"""What a copy takes of its core, and whether it can hold the integers of the blocks that it copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from convert.network import Population
from partition.core.memory import incoming, incoming_of_block
from partition.core.packing import Packing
from partition.core.synapse_lists import packings
from partition.geometry.links import KernelLink, Link, MatrixLink
from partition.geometry.part import extent_of, into_part
from partition.geometry.tile import Slices
from partition.hardware import Chip


@dataclass(frozen=True)
class CoreUse:
    """What the neurons of a rectangle use on one core; of output axons nothing is said."""

    compartments: int
    in_axons: int
    synapse_bits: int

    def fits(self, chip: Chip) -> bool:
        return (
            self.compartments <= chip.compartments
            and self.in_axons <= chip.in_axons
            and self.synapse_bits <= chip.synapse_bits
        )


def core_use(inward: Sequence[Link], slices: Slices, packing: Packing, chip: Chip) -> CoreUse:
    """What the rectangle ``slices`` uses; ``inward`` are the links that lead to its population."""
    extent = extent_of(slices)
    costs = [_received(into_part(link, slices), packing, chip) for link in inward]
    return CoreUse(packing.compartments(extent), sum(axons for axons, _ in costs), sum(bits for _, bits in costs))


def packing_for(inward: Sequence[Link], slices: Slices, chip: Chip) -> Packing | None:
    """The packing with the fewest unused compartments by which the rectangle fits a core; None if none does."""
    extent, parts = extent_of(slices), [into_part(link, slices) for link in inward]
    for packing in packings(parts, extent):
        size = packing.compartments(extent)
        if size > chip.compartments:
            continue
        costs = [_received(part, packing, chip) for part in parts]
        if CoreUse(size, sum(axons for axons, _ in costs), sum(bits for _, bits in costs)).fits(chip):
            return packing
    return None


@singledispatch
def _received(part: Link, packing: Packing, chip: Chip) -> tuple[int, int]:
    """Input axons, and bits of synapse memory, of a link into a single block."""
    raise TypeError(f"nothing is received over a {type(part).__name__}")


@_received.register
def _(part: KernelLink, packing: Packing, chip: Chip) -> tuple[int, int]:
    found = incoming(part, part.target_shape, chip, packing)
    return int(found.in_axons[0]), int(found.synapse_bits[0])


@_received.register
def _(part: MatrixLink, packing: Packing, chip: Chip) -> tuple[int, int]:
    return incoming_of_block(part, np.arange(part.matrix.shape[0]), chip)


def scale_of(population: Population, inward: Sequence[Link], slices: Slices) -> tuple[float, ...]:
    """What the integers of a block of these neurons depend on: its largest bias, and its largest weight by link.

    Blocks alike in this have the same integers; a link without a synapse into the block has a weight of -1.
    """
    bias = population.bias_hz.reshape(population.shape)[tuple(slice(*ends) for ends in slices)]
    return (float(np.abs(bias).max()), *(_largest_weight(into_part(link, slices)) for link in inward))


@singledispatch
def _largest_weight(part: Link) -> float:
    raise TypeError(f"no weights of a {type(part).__name__}")


@_largest_weight.register
def _(part: KernelLink) -> float:
    used = [np.unique(taps[taps >= 0]) for taps in (part.rows, part.columns)]
    if not all(map(len, used)):
        return -1.0
    return float(np.abs(part.kernel[np.ix_(*used)]).max())


@_largest_weight.register
def _(part: MatrixLink) -> float:
    return float(np.abs(part.matrix.data).max(initial=-1.0))
