"""What is said about a device: joules and seconds of one inference, or why there is nothing to say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

DeviceKind = Literal["spiking chip", "processor"]


class Joules(msgspec.Struct, frozen=True, kw_only=True):
    """Energy of one inference in J; None is not known."""

    total: float | None = None
    static: float | None = None
    dynamic: float | None = None


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
