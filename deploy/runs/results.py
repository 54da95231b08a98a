"""The results of all images -> run.json but for what is measured outside the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from convert.data.evaluate import metrics_of
from convert.data.metric_registry import MAIN_METRIC
from convert.network import Network
from convert.report import Metrics, Task
from deploy.arrays import Float64, Int64
from deploy.events.busiest import BUSIEST
from deploy.events.counts import EVENTS, LayerCounts
from deploy.targets.names import TargetName
from deploy.targets.registry import TARGETS, Job

from . import early_exit as early
from .checkpoint import ImageResult
from .images import summed
from .report import (
    BusiestCores,
    EarlyReport,
    EventMeans,
    LayerRun,
    PipelineEvents,
    RunMetrics,
    RunReport,
    StepRow,
    row_of,
)

STEADY = 0.1
"""A layer's rate has settled within this share of its later mean; chosen to be above what few spikes make of it."""


@dataclass(frozen=True)
class Results:
    """What came out of all images: their events by layer, ``until`` the readouts, and how good and settled they were.

    ``until`` has shape (images, readout steps, layers, EVENTS), (images, 0) if not counted; ``pooled`` (readout steps,
    ...) is the sum over images, ``own`` (images, readout steps, ...) and ``settled`` are each one's, as in ``Judged``.
    ``busiest`` has those of the busiest cores for the images of which they were counted, as in ``ImageResult``.
    """

    task: Task
    layers: Sequence[dict[str, LayerCounts]]
    crops: Sequence[int]
    until: Int64
    pooled: Int64
    own: Float64
    settled: Float64
    busiest: Mapping[int, Int64]
    board: Float64
    """What a board has measured, means over the images of which it did, as in ``ImageResult``; empty if of none."""


def gathered(task: Task, images: Iterable[ImageResult]) -> Results:
    """The results of ``images`` without their outputs; one image is held at a time."""
    layers, crops, until, own, settled = [], [], [], [], []
    pooled = np.zeros((), np.int64)
    busiest: dict[int, Int64] = {}
    board: list[Float64] = []
    for number, image in enumerate(images):
        if image.busiest.size:
            busiest[number] = image.busiest
        board += [image.board] if image.board.size else []
        layers.append(image.layers)
        crops.append(image.crops)
        until.append(image.until)
        own.append(image.judged.own)
        settled.append(image.judged.settled)
        pooled = pooled + image.judged.pooled
    measured = np.mean(board, axis=0) if board else np.zeros(0)
    return Results(task, layers, crops, np.stack(until), pooled, np.stack(own), np.stack(settled), busiest, measured)


def run_report(
    job: Job, target: TargetName, results: Results, ann: Metrics | None, early_threshold: float | None = None
) -> RunReport:
    """The report of ``results``; ``ann`` are the metrics of the original."""
    network, until, busiest = job.network, results.until, results.busiest
    steps = [stop for _, stop in job.windows]
    names = list(results.layers[0])

    def events_at(images: Int64, at: Int64) -> EventMeans:
        if not until.size:
            return EventMeans()
        found = events_until(network, names, until[images, at])
        loads = [busiest[i][k] for i, k in zip(images.tolist(), at.tolist(), strict=True) if i in busiest]
        return msgspec.structs.replace(found, busiest_cores=_busiest(np.stack(loads))) if loads else found

    metrics = [metrics_of(results.task, results.pooled[k], results.own[:, k]) for k in range(len(steps))]
    rows = tuple(
        row_of(StepRow, of_step, events_at(np.arange(len(until)), np.full(len(until), k)), timesteps=t)
        for k, (t, of_step) in enumerate(zip(steps, metrics, strict=True))
    )
    report = RunReport(
        target=target,
        task=results.task,
        target_note=TARGETS[target].note,
        exact=TARGETS[target].exact,
        images=len(results.layers),
        crops_per_image=results.crops[0],
        timesteps=network.timesteps,
        period=network.period if job.following else None,
        continuous=job.continuous,
        windows=tuple(job.windows),
        metrics=RunMetrics(ann=ann, snn=metrics[-1], by_timestep=rows),
        early=None if job.continuous else _early(job, results, events_at, early_threshold),
        busiest_cores=whole_run(busiest) if steps[-1] == network.timesteps else None,
    )
    return _with_layers(report, [layer_run(network, name, results, steps) for name in names])


def layer_run(network: Network, name: str, results: Results, steps: Sequence[int]) -> LayerRun:
    """The events of one population, means over images, and when its rate has settled."""
    population, until = network.population(name), results.until
    counts = summed([layers[name] for layers in results.layers])
    images, crops = len(results.layers), sum(results.crops)
    spikes = until[:, :, list(results.layers[0]).index(name), 0].sum(axis=0) if until.size else None

    def mean(of: Callable[[LayerCounts], int | None]) -> float | None:
        value = of(counts)
        return None if value is None else value / images

    return LayerRun(
        name=name,
        kind=population.source_layer,
        on_chip=population.on_chip,
        spikes=counts.spikes / images,
        synops=mean(lambda c: c.synops),
        neuron_updates=mean(lambda c: c.neuron_updates),
        messages=mean(lambda c: c.messages),
        interchip_messages=mean(lambda c: c.interchip_messages),
        conv_synops=mean(lambda c: c.conv_synops),
        overflows=mean(lambda c: c.overflows),
        rate_hz=counts.spikes / (population.neurons * crops * network.timesteps * network.dt_s),
        settled_step=None if spikes is None else settled_step(steps, spikes),
    )


def events_until(network: Network, names: Sequence[str], events: Int64) -> EventMeans:
    """Means per image of ``events``, shape (images, layers, EVENTS), and the layers' synops."""
    totals, images = events.sum(axis=0), len(events)
    on_chip = np.array([network.population(name).on_chip for name in names])
    synops, messages = totals[:, EVENTS.index("synops")], totals[:, EVENTS.index("messages")]
    on_all_cores = dict(zip(EVENTS, (totals[on_chip].sum(axis=0) / images).tolist(), strict=True))
    return EventMeans(
        **on_all_cores,
        host_messages=float(messages[~on_chip].sum() / images),
        layer_synops={name: float(synops[i] / images) for i, name in enumerate(names) if on_chip[i]},
    )


def whole_run(busiest: Mapping[int, Int64]) -> BusiestCores | None:
    """What kept the busiest cores busy until the last readout; None if no image was counted."""
    return _busiest(np.stack([loads[-1] for loads in busiest.values()])) if busiest else None


def _busiest(events: Int64) -> BusiestCores:
    """The mean over images of ``events``, shape (images, PIPELINES, BUSIEST)."""
    longer, shorter = (PipelineEvents(**dict(zip(BUSIEST, of, strict=True))) for of in events.mean(axis=0).tolist())
    return BusiestCores(longer=longer, shorter=shorter, images=len(events))


def settled_step(steps: Sequence[int], spikes: Int64) -> int | None:
    """The readout step after which the rate stays within ``STEADY`` of its mean over the second half of the steps.

    ``spikes`` are those before each of ``steps``. None if there are none, or if it never does.
    """
    ends = np.append(0, steps)
    rates = np.diff(spikes, prepend=0) / np.diff(ends)
    half = np.searchsorted(ends, ends[-1] / 2)
    reference = (spikes[-1] - np.append(0, spikes)[half]) / (ends[-1] - ends[half])
    off = np.flatnonzero(np.abs(rates - reference) > STEADY * reference)
    last = off[-1] + 1 if len(off) else 0
    return int(ends[last]) if reference > 0 and last < len(rates) else None


def _with_layers(report: RunReport, layers: Sequence[LayerRun]) -> RunReport:
    """``report`` with ``layers`` and their sums; the sums are None where a layer, or all, did not count."""
    if not layers:
        return report
    chip, host = [x for x in layers if x.on_chip], [x for x in layers if not x.on_chip]
    return msgspec.structs.replace(
        report,
        layers=tuple(layers),
        spikes=_total([x.spikes for x in chip]),
        synops=_total([x.synops for x in chip]),
        neuron_updates=_total([x.neuron_updates for x in chip]),
        messages=_total([x.messages for x in chip]),
        interchip_messages=_total([x.interchip_messages for x in chip]),
        host_messages=_total([x.messages for x in host]),
        conv_synops=_total([x.conv_synops for x in chip]),
        host_spikes=_total([x.spikes for x in host]),
        overflows=_total([x.overflows for x in chip]),
    )


def _total(values: Sequence[float | None]) -> float | None:
    counted = [value for value in values if value is not None]
    return sum(counted) if len(counted) == len(values) else None


def _early(job: Job, results: Results, events_at: early.EventsAt, threshold: float | None) -> EarlyReport:
    task, steps = results.task, np.array([stop for _, stop in job.windows])
    measured = early.metric_at(task, results.own)
    seen = early.Observed(steps, MAIN_METRIC[task], results.settled, measured, events_at)
    return early.early_report(task, seen, threshold)
