"""partition.json: the blocks on their cores, and what was found out about them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from convert.provenance import Provenance
from convert.timings import Timings

from .block import Block, Copy
from .core.packing import Packing
from .hardware import Board

Positive = Annotated[int, msgspec.Meta(ge=1)]


class LayerTiling(msgspec.Struct, frozen=True, kw_only=True):
    """One chip population: how it is cut, into how many blocks, and how it lies in its cores."""

    name: str
    tile: tuple[Positive, Positive, Positive]
    blocks: Positive
    packing: Packing | None = None
    """None, in files that do not say: nengo_loihi's way."""
    interchip: float | None = None
    """Messages per time step that it sends to other chips; None in files that do not say."""


class Messages(msgspec.Struct, frozen=True, kw_only=True):
    """Messages per time step, estimated from rates: between cores, of these between chips, and from the host."""

    total: float
    interchip: float
    interchip_multicast: float
    """If one message served all cores of a chip."""
    host: float


class PeakMessages(msgspec.Struct, frozen=True, kw_only=True):
    """``Messages`` if every neuron fired at the 95th percentile of its rate at once: an upper estimate."""

    total: float
    interchip: float
    host: float


class Fullest(msgspec.Struct, frozen=True, kw_only=True):
    """The share of each limit that the fullest core uses; output axons counted as if all left the chip."""

    compartments: float
    in_axons: float
    out_axon_slots: float
    synapse_bits: float


class PartitionTimings(Timings, frozen=True, kw_only=True):
    """``seconds`` are those of the search."""

    cut_short: bool = False
    """Whether it was still improving when its time was up: a faster machine may find another partition."""


class PartitionReport(msgspec.Struct, frozen=True, kw_only=True):
    """What partition.json holds; messages are per time step."""

    board: str
    """Its name."""
    hardware: Board | None = None
    """The board itself; None in files of version 0.1.0."""
    board_chips: Positive
    chips: Positive
    """Those in use."""
    cores: Positive
    layers: tuple[LayerTiling, ...]
    messages_per_step: Messages
    max_link_load: float
    """Messages between the heaviest pair of chips, both ways."""
    chip_to_chip: tuple[tuple[float, ...], ...]
    places: tuple[tuple[int, int], ...]
    """The (row, column) of each chip on its board."""
    hop_messages_per_step: float
    """Messages times the weighted hops that each takes, the host's included."""
    heaviest_board_link: float
    """The most messages over one link of the board, both ways."""
    lower_bound_interchip: float
    """Proved for these tiles, whatever the chips."""
    optimality_gap: float
    """The share of the messages between chips that the bound leaves open."""
    baselines: dict[str, float]
    """Messages between chips of every placer on hand tiles."""
    baseline_chips: int
    utilization: Fullest
    seed: int
    messages_per_step_p95: PeakMessages | None = None
    """None if no 95th percentiles were given, as in the next one."""
    heaviest_board_link_p95: float | None = None
    blocks: tuple[Block, ...]
    copies: tuple[Copy, ...] | UnsetType = UNSET
    """Neurons that are computed twice, if any are; then ``cores`` counts theirs and nothing is proved."""
    provenance: Provenance | None = None
    """None in files of version 0.1.0, and for a partition that no command wrote."""
    timings: PartitionTimings | None = None

    @property
    def copied(self) -> tuple[Copy, ...]:
        return () if isinstance(self.copies, UnsetType) else self.copies


def with_bound(report: PartitionReport, bound: float) -> PartitionReport:
    """``report`` with another lower bound on the messages between chips."""
    gap = optimality_gap(report.messages_per_step.interchip, bound)
    return msgspec.structs.replace(report, lower_bound_interchip=bound, optimality_gap=gap)


def optimality_gap(interchip: float, bound: float) -> float:
    """The share of ``interchip`` messages that ``bound`` leaves open."""
    return 1.0 - bound / interchip if interchip else 0.0
