"""The operating points of a run: the knee, stopping once settled, all steps; each with its costs on every chip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec import UNSET, UnsetType

from convert.data.metric_registry import METRICS, chosen_by
from deploy.device_report import DeviceReport
from deploy.energy.break_even import line_of
from deploy.energy.constants import Values
from deploy.energy.counts import Counts, counts_of, counts_until
from deploy.energy.devices import EnergyDevice
from deploy.energy.estimate import cost_of, joules_per_delivery, on_board
from deploy.energy.tornado import tornado
from deploy.runs.report import Knee, LayerRun, RunReport, StepRow
from partition.result import Partition

from .points import AccuracyRow, BreakEven, OperatingPoint, PointCost, PointName, Range, Tornado

FRAMES_PER_SECOND = (1, 10, 30, 100)
"""Rates of a camera or a slow sensor."""


@dataclass(frozen=True)
class Pricing:
    """The constants of Loihi by which counts become joules, and the static power of one chip."""

    devices: tuple[EnergyDevice, ...]
    static_watts_per_chip: float

    def on_board(self, counts: Counts) -> tuple[EnergyDevice, ...]:
        """The devices with as many chips as ``counts``."""
        return tuple(on_board(device, counts.chips, self.static_watts_per_chip) for device in self.devices)


@dataclass(frozen=True)
class CountedPoint:
    """An operating point and what is counted up to it; None where nothing was."""

    point: OperatingPoint
    counts: Counts | None


def counted_points(
    run: RunReport, knee: Knee | None, partition: Partition | None, pricing: Pricing
) -> tuple[CountedPoint, ...]:
    """The points of ``run`` in the order in which they are reported, each with its costs."""
    return tuple(_points(run, knee, partition, pricing))


def _points(run: RunReport, knee: Knee | None, partition: Partition | None, pricing: Pricing) -> Iterator[CountedPoint]:
    held_out = run.early.held_out if run.early else None
    if knee is not None:
        yield _point("knee", run, knee, counts_until(run, knee, partition), run.images, pricing)
    if held_out is not None:
        yield _point("early exit", run, held_out, counts_until(run, held_out, partition), held_out.images, pricing)
    rows = run.metrics.by_timestep
    row = rows[-1] if rows else StepRow(timesteps=run.timesteps)
    yield _point("all steps", run, row, counts_of(run, partition), run.images, pricing)


def _point(
    name: PointName, run: RunReport, row: StepRow, counts: Counts | None, images: int, pricing: Pricing
) -> CountedPoint:
    metric = chosen_by([key for key in METRICS if row.value(key) is not None])
    point = OperatingPoint(
        name=name,
        timesteps=row.timesteps,
        images=images,
        metric=metric,
        value=None if metric is None else row.value(metric),
        ann=None if metric is None else (run.metrics.ann or {}).get(metric),
        synops=counts.synops if counts else None,
        spikes_per_update=counts.spikes / counts.neuron_updates if counts and counts.neuron_updates else None,
        costs=() if counts is None else tuple(_cost(d, counts, run, row) for d in pricing.on_board(counts)),
    )
    return CountedPoint(point, counts)


def _cost(device: EnergyDevice, counts: Counts, run: RunReport, row: StepRow) -> PointCost:
    low, cost, high = (cost_of(device.values(which), counts) for which in ("low", "nominal", "high"))
    watts = cost.static / cost.seconds if cost.seconds else 0.0
    most = 1 / cost.seconds if cost.seconds else float("inf")
    return PointCost(
        device=device.name,
        joules=Range(low=low.total, nominal=cost.total, high=high.total),
        seconds=Range(low=low.seconds, nominal=cost.seconds, high=high.seconds),
        parts={**cost.parts, "static": cost.static},
        layers=_by_layer(device.values(), run, row),
        frames_per_second=most,
        joules_at_frames_per_second={
            str(rate): cost.dynamic + watts / rate if rate <= most else None for rate in FRAMES_PER_SECOND
        },
    )


def _by_layer(values: Values, run: RunReport, row: StepRow) -> dict[str, float] | UnsetType:
    """Dynamic joules by layer: synops where they arrive, spikes and messages where they are fired.

    Before the last step layers are taken to have fired in proportion to what they fire in all.
    """
    synops = row.layer_synops
    if isinstance(synops, UnsetType):
        return UNSET
    fired = row.spikes / run.spikes if row.spikes and run.spikes else 0.0
    share = row.timesteps / run.timesteps
    chip = [layer for layer in run.layers if layer.on_chip]
    return {layer.name: _layer(values, layer, synops.get(layer.name, 0.0), fired, share) for layer in chip}


def _layer(values: Values, layer: LayerRun, synops: float, fired: float, share: float) -> float:
    """``fired`` is the share of its spikes that it has fired, ``share`` that of its steps."""
    conv = synops * layer.conv_synops / layer.synops if layer.conv_synops and layer.synops else 0.0
    return (
        conv * values["joules_per_conv_synop"]
        + (synops - conv) * values["joules_per_synop"]
        + (layer.neuron_updates or 0.0) * share * values["joules_per_update"]
        + (layer.spikes or 0.0) * fired * values["joules_per_spike"]
        + (layer.messages or 0.0) * fired * joules_per_delivery(values)
    )


def tornados(points: Sequence[CountedPoint], pricing: Pricing) -> tuple[Tornado, ...]:
    """Which constant matters at the first point that has counts, for each chip."""
    found = next(((p.point, p.counts) for p in points if p.counts is not None), None)
    if found is None:
        return ()
    point, counts = found
    return tuple(
        Tornado(
            point=point.name,
            device=device.name,
            joules=cost_of(device.values(), counts).total,
            swings=tornado(device, counts),
        )
        for device in pricing.on_board(counts)
    )


def break_evens(
    run: str, points: Sequence[CountedPoint], processors: Sequence[DeviceReport], pricing: Pricing
) -> tuple[BreakEven, ...]:
    """For each point and chip the spikes at which it would need what the best of ``processors`` does."""
    known = [(total, d.name) for d in processors if (total := d.joules_per_inference.total) is not None]
    if not known:
        return ()
    joules, name = min(known)
    return tuple(
        _break_even(run, p.point, p.counts, device, name, joules)
        for p in points
        if p.counts is not None
        for device in pricing.on_board(p.counts)
    )


def _break_even(
    run: str, point: OperatingPoint, counts: Counts, device: EnergyDevice, processor: str, joules: float
) -> BreakEven:
    line = line_of(device.values(), counts)
    factor = line.factor_at(joules)
    rate = point.spikes_per_update
    return BreakEven(
        run=run,
        point=point.name,
        device=device.name,
        processor=processor,
        processor_joules=joules,
        joules_silent=line.silent,
        spikes_factor=factor,
        spikes_per_update=None if factor is None or rate is None else factor * rate,
        synops=None if factor is None else factor * counts.synops,
    )


def accuracy_rows(
    run: str, points: Sequence[CountedPoint], measured: Sequence[DeviceReport], others: Sequence[DeviceReport]
) -> tuple[AccuracyRow, ...]:
    """Accuracy beside energy: each chip at each point, then what the original was ``measured`` on, then ``others``.

    The latter are constants: what precision they would run the model in, and so what it would reach, they do not say.
    """
    last = points[-1].point
    chips = [
        AccuracyRow(
            run=run,
            device=c.device,
            at=p.point.name,
            metric=p.point.metric,
            value=p.point.value,
            joules=c.joules.nominal,
        )
        for p in points
        for c in p.point.costs
    ]
    processors = [
        AccuracyRow(
            run=run,
            device=d.name,
            metric=last.metric,
            value=_own(d, last.metric, value),
            joules=d.joules_per_inference.total,
        )
        for devices, value in ((measured, last.ann), (others, None))
        for d in devices
        if d.kind != "spiking chip"
    ]
    return (*chips, *processors)


def _own(device: DeviceReport, metric: str | None, of_original: float | None) -> float | None:
    """What the device's own form of the model reaches, if it was measured, else what the original does."""
    execution = device.execution
    if isinstance(execution, UnsetType) or isinstance(execution.metrics, UnsetType):
        return of_original
    return of_original if metric is None else execution.metrics.get(metric, of_original)
