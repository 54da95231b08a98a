"""Loihi 1 as this package sees it: the limits of a chip, each written once with its source, and the boards."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

from convert.errors import UserError

AUTO = "auto"
"""The name that stands for the smallest board that holds the network."""

MOST_CHIPS = 100_000
"""More chips than on any board there will be; the largest today has 768."""


@dataclass(frozen=True)
class Chip:
    """The limits of one chip and of each of its cores; one block of neurons occupies one core."""

    name: str = "Loihi 1"
    cores: int = 128
    """Neuron cores on a chip. Source: Davies et al., IEEE Micro 38(1), 2018."""
    compartments: int = 1024
    """Neurons on a core. Source: ``MAX_COMPARTMENTS`` in nengo_loihi/block.py."""
    in_axons: int = 4096
    """Input axons of a core. Source: ``MAX_IN_AXONS`` in nengo_loihi/block.py."""
    out_axon_slots: int = 4096
    """Output axon slots of a core. Source: ``MAX_OUT_AXONS`` in nengo_loihi/block.py."""
    population_axon_slots: int = 2
    """Output slots of an axon that carries a channel number (pop32). Source: ``Axon.slots_per_axon``, same file."""
    discrete_axon_slots: int = 1
    """Output slots of an axon of one neuron. Source: the same property."""
    chip_crossing_slots: int = 1
    """Further output slots of an axon that ends on another chip. Source: nxsdk_modules_ncl/dnn (NxTF)."""
    synapse_bits: int = 16384 * 64
    """Synapse memory of a core in bits. Source: ``MAX_SYNAPSE_BITS`` in nengo_loihi/block.py."""
    word_bits: int = 64
    """Synapse memory is filled in words. Source: ``SynapseConfig.bits_per_axon``, same file."""
    group_synapses: int = 64
    """Synapses that share one header. Source: ``n_synapses=63`` in ``Synapse._set_weights_indices``, same file."""
    group_header_bits: int = 10
    """4 bits of index and 6 bits of count. Source: ``SynapseConfig.bits_per_axon``, same file."""
    weight_bits: int = 8
    """Bits of a weight. Source: ``weight_bits=7`` of ``SynapseConfig.WEIGHT_BITS_MAP``, same file."""
    index_bits: tuple[int, ...] = (0, 6, 7, 8, 9, 10, 11, 12)
    """Widths of the compartment index of a synapse. Source: ``SynapseConfig.INDEX_BITS_MAP``, same file."""
    axon_offset: int = 256
    """An axon shifts its synapses by less than this many compartments. Source: nengo_loihi/conv.py."""
    threshold_configs: int = 8
    """Distinct thresholds on a core. Source: ``MAX_VTH_CFGS`` in nengo_loihi/hardware/nxsdk_objects.py."""
    compartment_configs: int = 32
    """Distinct decay settings on a core. Source: ``MAX_COMPARTMENT_CFGS``, same file."""


LOIHI = Chip()


@dataclass(frozen=True)
class Board:
    """A number of equal chips in rows of ``columns``, each linked to its neighbours; chip 0 stands in a corner.

    A message costs ``hop_weights`` (east-west, north-south) for each link on its way; the host is linked to ``host``.
    That chips form such a mesh and all links cost the same is assumed: Intel has not published the boards' wiring.
    """

    name: str
    chips: int
    columns: int
    source: str
    chip: Chip = field(default=LOIHI)
    hop_weights: tuple[float, float] = (1.0, 1.0)
    host: int = 0

    @property
    def cores(self) -> int:
        return self.chips * self.chip.cores


_NAHUKU = "Intel press material of March 2020: a Nahuku board carries 8 to 32 chips"
BOARDS = {
    board.name: board
    for board in (
        Board("single-chip", 1, 1, "one Loihi chip"),
        Board("kapoho-bay", 2, 2, "Intel press material of 2018-2020: two chips on a USB stick"),
        Board("nahuku-8", 8, 4, _NAHUKU),
        Board("nahuku-32", 32, 8, _NAHUKU),
        Board("pohoiki-springs", 768, 32, "Intel press material of March 2020: 24 Nahuku boards of 32 chips"),
    )
}
"""The boards known by name, smallest first."""


def smallest_board(cores: int) -> Board:
    """The smallest named board with at least so many cores, else ``UserError``."""
    for board in BOARDS.values():
        if board.cores >= cores:
            return board
    largest = list(BOARDS.values())[-1]
    raise UserError(_too_small(largest, cores))


def require_cores(board: Board, cores: int) -> None:
    """Raises ``UserError`` if ``board`` has fewer than ``cores`` cores."""
    if cores > board.cores:
        raise UserError(_too_small(board, cores))


def chips_for(cores: int, chip: Chip) -> int:
    """The least number of chips with so many cores."""
    return max(1, ceil(cores / chip.cores))


def _too_small(board: Board, cores: int) -> str:
    larger = next((b.name for b in BOARDS.values() if b.cores >= cores), None)
    way_out = f"use --board {larger}" if larger else "use a smaller model or smaller input images"
    return (
        f"board '{board.name}': the network needs at least {cores} cores, "
        f"{board.chips} x {board.chip.cores} = {board.cores} are there; {way_out}"
    )
