"""What all cores use of their limits, those of the copies too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from partition.core.utilization import utilization
from partition.geometry.blocks import Ints
from partition.geometry.links import Link
from partition.hardware import Chip

from .core_use import core_use
from .traffic import slots_used
from .wiring import Wiring


@dataclass(frozen=True)
class CoresUsed:
    """By core, the blocks first, then the copies; output axon slots as if every axon left its chip."""

    compartments: Ints
    in_axons: Ints
    out_slots: Ints
    synapse_bits: Ints


def cores_used(wiring: Wiring, links: Sequence[Link], chip: Chip) -> CoresUsed:
    """What each block and each copy of ``wiring`` uses; ``links`` are those onto the chip."""
    blocks = [
        utilization(p, links, wiring.tiles, chip, wiring.packing(p.name)) for p in wiring.network.chip_populations
    ]
    copies = [
        core_use([link for link in links if link.target == copy.layer], copy.slice, copy.packing, chip)
        for copy in wiring.copies
    ]
    slots = [used.out_slots + used.crossing_slots for used in blocks]
    return CoresUsed(
        _joined([used.compartments for used in blocks], [copy.compartments for copy in copies]),
        _joined([used.in_axons for used in blocks], [copy.in_axons for copy in copies]),
        slots_used(wiring, links, chip) if copies else np.concatenate(slots),
        _joined([used.synapse_bits for used in blocks], [copy.synapse_bits for copy in copies]),
    )


def _joined(blocks: Sequence[Ints], copies: Sequence[int]) -> Ints:
    return np.concatenate([*blocks, np.array(copies, np.int64)])
