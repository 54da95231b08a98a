"""Runs -> ``EnergyReport``: every run, every row of it and every device with its energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from deploy.device_report import AbsentDevice, DeviceReport, Joules, macs_in
from deploy.energy.counts import Counts, counts_of, counts_until
from deploy.energy.devices import ARITHMETIC_DEVICES, STATIC_WATTS_PER_CHIP, DeviceSet, device_set
from deploy.energy.estimate import arithmetic_estimate, loihi_estimate, ratios
from deploy.energy.published import PublishedRow, published_rows
from deploy.runs.knee import knee
from deploy.runs.report import RunSummary, StepRow

from .content import EnergyReport, PlacementSummary, ReportedRun, ReportTimings
from .operating_points import CountedPoint, Pricing, accuracy_rows, break_evens, counted_points, tornados
from .pareto import fronts_of
from .read import RecordedRun

Row = TypeVar("Row", bound=StepRow)
OfRun = Mapping[str, Sequence[DeviceReport]]
"""Devices by the label of the run."""


def _estimates(pricing: Pricing, counts: Counts | None) -> list[DeviceReport]:
    """The energy of ``counts`` on each device; nothing if there are none."""
    if counts is None:
        return []
    return [loihi_estimate(d, counts, static_watts_per_chip=pricing.static_watts_per_chip) for d in pricing.devices]


def build_report(
    runs: Sequence[RecordedRun],
    *,
    static_watts: float = STATIC_WATTS_PER_CHIP,
    devices: DeviceSet = "all",
    tolerance: float | None = None,
    published: tuple[PublishedRow, ...] | None = None,
) -> EnergyReport:
    """The report of ``runs``.

    ``devices`` names a set of Loihi constants; ``static_watts`` is for one chip; ``tolerance`` is the knee's;
    ``published`` are other measurements (None: the program's own).
    """
    pricing = Pricing(device_set(devices), static_watts)
    points = {run.label: _counted_points(run, pricing, tolerance) for run in runs}
    estimated = {run.label: _estimated(run, pricing) for run in runs}
    measured = {run.label: _measured(run) for run in runs}
    reported = tuple(_reported(run, points[run.label], pricing, tolerance) for run in runs)
    return EnergyReport(
        static_watts_per_chip=static_watts,
        runs=reported,
        devices=_labelled(estimated),
        absent=tuple(msgspec.structs.replace(a, run=run.label) for run in runs for a in _absent(run, pricing)),
        ratios=_ratios(estimated, estimated),
        fronts=fronts_of(runs, reported),
        published=published_rows() if published is None else published,
        timings=ReportTimings(
            machines={run.label: machine for run in runs if (machine := run.result.timings.machine) is not None},
            seconds_per_image={run.label: s for run in runs if (s := run.result.seconds_per_image) is not None},
            devices=_labelled(measured),
            absent=tuple(msgspec.structs.replace(a, run=run.label) for run in runs for a in run.result.absent),
            ratios=_ratios(measured, estimated),
            break_even=tuple(
                line for run in runs for line in break_evens(run.label, points[run.label], measured[run.label], pricing)
            ),
            equal_accuracy=tuple(
                row
                for run in runs
                for row in accuracy_rows(run.label, points[run.label], measured[run.label], estimated[run.label])
            ),
        ),
    )


def _labelled(devices: OfRun) -> tuple[DeviceReport, ...]:
    return tuple(msgspec.structs.replace(d, run=label) for label, found in devices.items() for d in found)


def _ratios(devices: OfRun, estimated: OfRun) -> dict[str, float]:
    """What ``devices`` need of the energy of the spiking chips among the ``estimated``; named by the run, if many."""
    return {
        (f"{label}: {name}" if len(devices) > 1 else name): value
        for label, found in devices.items()
        for name, value in ratios([*(d for d in estimated[label] if d.kind == "spiking chip"), *_others(found)]).items()
    }


def _others(devices: Sequence[DeviceReport]) -> list[DeviceReport]:
    return [device for device in devices if device.kind != "spiking chip"]


def _measured(run: RecordedRun) -> list[DeviceReport]:
    """What the model was measured on."""
    return [_for_whole_image(device, run.result.crops_per_image) for device in run.result.devices]


def _estimated(run: RecordedRun, pricing: Pricing) -> list[DeviceReport]:
    """Loihi by each set of constants, and processors by theirs."""
    result = run.result
    macs = macs_in(result.devices_measured)
    of_image = None if macs is None else macs * result.crops_per_image
    arithmetic = [] if of_image is None else [arithmetic_estimate(device, of_image) for device in ARITHMETIC_DEVICES]
    chips = _estimates(pricing, counts_of(result, run.partition))
    return [*(_without_decoder(chip, result) for chip in chips), *arithmetic]


def _without_decoder(chip: DeviceReport, result: RunSummary) -> DeviceReport:
    """``chip``, whose joules say that they are those of the network alone, if the host computes more."""
    if result.decoder is None:
        return chip
    return msgspec.structs.replace(chip, assumptions=(*chip.assumptions, str(result.decoder)))


def _absent(run: RecordedRun, pricing: Pricing) -> list[AbsentDevice]:
    if counts_of(run.result, run.partition) is not None:
        return []
    reason = f"a run on {run.result.target} counts no synops; deploy with --target fast"
    return [AbsentDevice(name=device.name, reason=reason) for device in pricing.devices]


def _counted_points(run: RecordedRun, pricing: Pricing, tolerance: float | None) -> tuple[CountedPoint, ...]:
    metrics = run.result.metrics
    found = knee(metrics.by_timestep, metrics.ann or {}, tolerance)
    return counted_points(run.result, found, run.partition, pricing)


def _reported(
    run: RecordedRun, points: Sequence[CountedPoint], pricing: Pricing, tolerance: float | None
) -> ReportedRun:
    def priced(row: Row) -> Row:
        found = _estimates(pricing, counts_until(run.result, row, run.partition))
        totals = [(d.name, d.joules_per_inference.total, d.seconds_per_inference) for d in found]
        return msgspec.structs.replace(
            row,
            layer_synops=UNSET,
            busiest_cores=UNSET,
            joules_per_inference={name: joules for name, joules, _ in totals if joules is not None},
            seconds_per_inference={name: seconds for name, _, seconds in totals if seconds is not None},
        )

    metrics, early = run.result.metrics, run.result.early
    rows = tuple(map(priced, metrics.by_timestep))
    if early is not None:
        held_out = None if early.held_out is None else priced(early.held_out)
        early = msgspec.structs.replace(early, curve=tuple(map(priced, early.curve)), held_out=held_out)
    kept = {name: getattr(run.result, name) for name in RunSummary.__struct_fields__}
    kept |= {"metrics": msgspec.structs.replace(metrics, by_timestep=rows), "early": early}
    return ReportedRun(
        **kept,
        run=run.label,
        knee=knee(rows, metrics.ann or {}, tolerance),
        partition=run.placement or PlacementSummary(),
        points=tuple(p.point for p in points),
        tornados=tornados(points, pricing),
    )


def _for_whole_image(device: DeviceReport, crops: int) -> DeviceReport:
    """A device measured on one input of the model, for an image of ``crops`` inputs."""
    if crops == 1:
        return device
    joules, run = device.joules_per_inference, device.execution
    if not isinstance(run, UnsetType):
        cpu, wall = run.cpu_seconds.times(crops), run.wall_seconds.times(crops)
        run = msgspec.structs.replace(run, cpu_seconds=cpu, wall_seconds=wall)
    return msgspec.structs.replace(
        device,
        joules_per_inference=Joules(
            total=_times(joules.total, crops),
            static=_times(joules.static, crops),
            dynamic=_times(joules.dynamic, crops),
        ),
        seconds_per_inference=_times(device.seconds_per_inference, crops),
        execution=run,
        assumptions=(*device.assumptions, f"one image is {crops} crops, each an inference of the model"),
    )


def _times(value: float | None, factor: int) -> float | None:
    return None if value is None else value * factor
