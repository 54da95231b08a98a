"""report.json: what the runs found, and the energy of one inference on each device."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from convert.provenance import Provenance
from convert.timings import Machine
from deploy.device_report import AbsentDevice, DeviceReport
from deploy.energy.published import PublishedRow
from deploy.runs.report import Knee, RunSummary

from .points import AccuracyRow, BreakEven, Front, OperatingPoint, Tornado


class PlacementSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Of partition.json; all None for a bundle that has none."""

    board: str | None = None
    chips: int | None = None
    cores: int | None = None
    copied_cores: int | UnsetType = UNSET
    """Those of them that hold neurons which are computed twice, if any do."""
    messages_per_step: dict[str, float | None] | None = None
    baselines: dict[str, float | None] | None = None
    lower_bound_interchip: float | None = None
    optimality_gap: float | None = None
    max_link_load: float | None = None


class ReportedRun(RunSummary, frozen=True, kw_only=True):
    """One run: ``run`` is BUNDLE/NAME; every row of its metrics has its energy and time by device.

    ``points`` are where it can be stopped, the one with the fewest steps that are enough first, ``tornados`` what each
    constant does to the energy there.
    """

    run: str
    knee: Knee | None
    partition: PlacementSummary
    points: tuple[OperatingPoint, ...] = ()
    tornados: tuple[Tornado, ...] = ()


class ReportTimings(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured on machines: everything else in report.json is the same on each.

    ``devices`` are the processors that the model was measured on, ``absent`` those on which it could not be,
    ``ratios`` what the former need of each spiking chip's energy, ``break_even`` at how many spikes the chip would need
    what the best of them does.
    """

    machines: dict[str, Machine] = {}
    """By run."""
    seconds_per_image: dict[str, float] = {}
    """By run, of the target on its machine."""
    devices: tuple[DeviceReport, ...] = ()
    absent: tuple[AbsentDevice, ...] = ()
    ratios: dict[str, float] = {}
    break_even: tuple[BreakEven, ...] = ()
    equal_accuracy: tuple[AccuracyRow, ...] = ()
    """What each device reaches, beside what an image costs it."""
    parts: dict[str, str] = {}
    """SHA-256 of the page, which shows all this."""


class EnergyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What report.json holds: ``devices`` with the energy of one image for each run by published constants, and their
    ``ratios``; ``absent`` lists those for which there is nothing to say, with the reason."""

    static_watts_per_chip: float
    runs: tuple[ReportedRun, ...]
    devices: tuple[DeviceReport, ...]
    absent: tuple[AbsentDevice, ...]
    ratios: dict[str, float]
    fronts: tuple[Front, ...] = ()
    """Accuracy over joules of every step and early exit, for runs on the same images."""
    published: tuple[PublishedRow, ...] = ()
    """What others measured, each with another network: to compare orders of magnitude."""
    provenance: Provenance | None = None
    timings: ReportTimings = ReportTimings()

    def devices_of(self, run: str) -> tuple[DeviceReport, ...]:
        """The devices of one run: spiking chips, what the model was measured on, other processors."""
        chips = [device for device in self.devices if device.kind == "spiking chip"]
        others = [device for device in self.devices if device.kind != "spiking chip"]
        return tuple(device for device in (*chips, *self.timings.devices, *others) if device.run == run)

    def absent_of(self, run: str) -> tuple[AbsentDevice, ...]:
        """The devices for which there is nothing to say in one run."""
        return tuple(device for device in (*self.timings.absent, *self.absent) if device.run == run)

    def break_even_of(self, run: str) -> tuple[BreakEven, ...]:
        """At how many spikes one run would need as much as the best processor, at each operating point."""
        return tuple(line for line in self.timings.break_even if line.run == run)

    def ratios_of(self, run: str) -> list[tuple[str, float]]:
        """The ratios of one run, without its name before theirs."""
        alone = len(self.runs) == 1
        ratios = {**self.timings.ratios, **self.ratios}
        return [(n.removeprefix(f"{run}: "), r) for n, r in ratios.items() if alone or n.startswith(f"{run}: ")]
