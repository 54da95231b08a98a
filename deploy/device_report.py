"""What is said about a device: joules and seconds of one inference, or why there is nothing to say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

DeviceKind = Literal["spiking chip", "processor"]
Precision = Literal["int8", "float16", "float32"]
"""The format of the model's numbers."""


class Joules(msgspec.Struct, frozen=True, kw_only=True):
    """Energy of one inference in J; None is not known."""

    total: float | None = None
    static: float | None = None
    dynamic: float | None = None


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Repeats of one measurement, in one process or several: the median of the process that needs least, and the least
    and the most of all repeats."""

    median: float
    low: float
    high: float
    repeats: int

    def times(self, factor: float) -> Spread:
        """Of so many inferences."""
        return Spread(median=factor * self.median, low=factor * self.low, high=factor * self.high, repeats=self.repeats)


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """How this machine ran the model; times are of one inference."""

    engine: str
    version: str
    precision: Precision
    threads: int
    cpu_seconds: Spread
    """Processor time of all threads: what a share of the power is charged for."""
    wall_seconds: Spread
    batches_tried: tuple[int, ...]
    busy_others: float | None
    """The share of all processors' time that other processes took meanwhile, 0 to 1; None: not known."""
    processes: int = 1
    """So many were timed, one after another."""
    loaded: bool
    """Whether that was too much for the times to be those of an idle machine."""
    metrics: dict[str, float | None] | UnsetType = UNSET
    """Of this form of the model on the run's own images; unset where it is the model itself."""
    calibrated_on: str | UnsetType = UNSET
    """The inputs that its eight bits were chosen on."""


class DeviceReport(msgspec.Struct, frozen=True, kw_only=True):
    """One inference on one device, measured or estimated: ``devices[]`` of report.json."""

    name: str
    kind: DeviceKind = "processor"
    measured: bool
    """Whether the energy was."""
    joules_per_inference: Joules
    seconds_per_inference: float | None
    source: str
    assumptions: tuple[str, ...] = ()
    joules_range: tuple[float, float] | UnsetType = UNSET
    """Of an estimate: the total with all its constants at their lowest and at their highest published value."""
    seconds_range: tuple[float, float] | UnsetType = UNSET
    details: dict[str, float | None] | UnsetType = UNSET
    """Of a spiking chip: joules by their cause, and messages over links whose energy is not known."""
    macs: int | UnsetType = UNSET
    batch: int | UnsetType = UNSET
    time_measured: bool | UnsetType = UNSET
    execution: Execution | UnsetType = UNSET
    run: str | UnsetType = UNSET


class AbsentDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device for which there is nothing to say, and why: ``absent[]`` of report.json."""

    name: str
    reason: str
    run: str | UnsetType = UNSET


class MeasuredEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of ``devices_measured`` as it lies in run.json: a device, or one with ``absent``, the reason."""

    name: str
    absent: str | UnsetType = UNSET
    kind: DeviceKind | UnsetType = UNSET
    measured: bool | UnsetType = UNSET
    joules_per_inference: Joules | UnsetType = UNSET
    seconds_per_inference: float | UnsetType | None = UNSET
    source: str | UnsetType = UNSET
    assumptions: tuple[str, ...] | UnsetType = UNSET
    macs: int | UnsetType = UNSET
    batch: int | UnsetType = UNSET
    time_measured: bool | UnsetType = UNSET
    execution: Execution | UnsetType = UNSET

    def __post_init__(self) -> None:
        self.device()

    def device(self) -> DeviceReport | AbsentDevice:
        """What the line says. Raises ``msgspec.ValidationError`` for a device without its numbers."""
        if isinstance(self.absent, str):
            return AbsentDevice(name=self.name, reason=self.absent)
        return msgspec.convert(msgspec.to_builtins(self), DeviceReport)


def entry_of(device: DeviceReport | AbsentDevice, macs: int | None = None) -> MeasuredEntry:
    """The line for ``device``; ``macs`` are the multiply-accumulates of the model that it was to run."""
    found = UNSET if macs is None else macs
    if isinstance(device, AbsentDevice):
        return MeasuredEntry(name=device.name, absent=device.reason, macs=found)
    return msgspec.structs.replace(msgspec.convert(msgspec.to_builtins(device), MeasuredEntry), macs=found)


def devices_in(entries: Sequence[MeasuredEntry]) -> tuple[DeviceReport, ...]:
    """The devices that were there."""
    return tuple(device for entry in entries if isinstance(device := entry.device(), DeviceReport))


def absent_in(entries: Sequence[MeasuredEntry]) -> tuple[AbsentDevice, ...]:
    """The devices that were not."""
    return tuple(device for entry in entries if isinstance(device := entry.device(), AbsentDevice))


def macs_in(entries: Sequence[MeasuredEntry]) -> int | None:
    """The multiply-accumulates of one inference, which every line says; None if none does."""
    return next((entry.macs for entry in entries if isinstance(entry.macs, int)), None)
