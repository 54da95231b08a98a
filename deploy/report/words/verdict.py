"""What a reader wants to know first of a run: accuracy, energy, what a processor needs, chips and steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec import UnsetType

from convert.data.metric_registry import METRICS, MetricName
from deploy.device_report import DeviceReport
from deploy.report.content import EnergyReport, ReportedRun
from deploy.report.points import OperatingPoint, PointCost

from .points_text import point_value, steps_text
from .si import counted, range_text, si, times
from .text import cores_of

HEADLINE: tuple[MetricName, ...] = ("accuracy", "iou", "pixel_accuracy", "auc", "mse")
GPU = "this GPU"

Card = tuple[str, str, str]
"""(value, what it is, remark)"""


@dataclass(frozen=True)
class Beside:
    """Loihi's energy beside that of another device: how many times as much, by its nominal, lowest and highest."""

    device: str
    joules: float
    how: str
    ratio: float
    low: float
    high: float

    @property
    def text(self) -> str:
        """'5.3 times (4.1 to 9.2) what OpenVINO int8, batch 1, 1 thread needs, 900 µJ, estimated'."""
        between = f"{times(self.low)} to {times(self.high)}"
        return f"{times(self.ratio)} times ({between}) what {self.device} needs, {si(self.joules, 'J')}, {self.how}"


@dataclass(frozen=True)
class Verdict:
    """A run in a few numbers, those of its first operating point with costs; None what it does not have."""

    run: ReportedRun
    point: OperatingPoint | None
    cost: PointCost | None
    cpu: Beside | None
    gpu: Beside | None

    @property
    def sentence(self) -> str:
        """All of it in two or three sentences."""
        return " ".join(_sentences(self))

    @property
    def cards(self) -> list[Card]:
        """The same as numbers."""
        return list(_cards(self))


def verdict_of(report: EnergyReport, run: ReportedRun) -> Verdict:
    """The verdict on ``run``."""
    point, cost = next(((p, p.costs[0]) for p in run.points if p.costs), (None, None))
    devices = report.devices_of(run.run)
    here = [d for d in devices if d.measured or d.time_measured is True]
    cpus = [d for d in here if not d.name.startswith(GPU)]
    gpus = [d for d in here if d.name.startswith(GPU)] or [d for d in devices if d.name.startswith("GPU")]
    return Verdict(run, point, cost, cpu=_beside(cost, cpus), gpu=_beside(cost, gpus))


def how(device: DeviceReport) -> str:
    """Whether the energy of a device was measured, and whether the machine had other work meanwhile."""
    run = device.execution
    loaded = "" if isinstance(run, UnsetType) or not run.loaded else "loaded"
    if device.measured:
        return f"measured, {loaded}" if loaded else "measured"
    if device.time_measured is not True:
        return "estimated"
    return f"estimated (time measured{loaded and ', '}{loaded})"


def place_of(point: OperatingPoint) -> str:
    """'at the knee, 26 steps' or 'after all 96 steps'."""
    steps = f"{steps_text(point)} step{'' if point.timesteps == 1 else 's'}"
    if point.name == "all steps":
        return f"after all {steps}"
    return f"at the {point.name}, {steps}{' on average' if point.name == 'early exit' else ''}"


def _beside(cost: PointCost | None, devices: Sequence[DeviceReport]) -> Beside | None:
    known = [(total, d) for d in devices if (total := d.joules_per_inference.total)]
    if cost is None or not known:
        return None
    joules, device = min(known, key=lambda pair: pair[0])
    ours = cost.joules
    name = device.name.removeprefix("this CPU, ")
    return Beside(name, joules, how(device), ours.nominal / joules, ours.low / joules, ours.high / joules)


def _sentences(verdict: Verdict) -> Iterator[str]:
    run, point, cost = verdict.run, verdict.point, verdict.cost
    if point is not None and cost is not None:
        if point.metric is not None:
            ann = "" if point.ann is None else f" (ANN {METRICS[point.metric].text(point.ann)})"
            yield f"{_capital(METRICS[point.metric].title)} {point_value(point)}{ann} {place_of(point)}."
        chips = f"{counted(run.partition.chips, 'chip')} of " if run.partition.chips else ""
        between = range_text(cost.joules.low, cost.joules.high, "J").replace("–", " and ")
        yield f"One image takes {si(cost.joules.nominal, 'J')} on {chips}Loihi, estimated, between {between}."
    elif (key := _headline(run)) is not None:
        metric = METRICS[key]
        yield f"{_capital(metric.title)} {metric.text(run.metrics.snn[key])} after all {run.timesteps} steps."
    if cost is None:
        yield "There is no energy to estimate: this target counts no events."
    if run.decoder is not None:
        yield f"{_capital(str(run.decoder))}."
    if run.simulated is not None:
        yield f"The events are simulated: {run.simulated}."
    if verdict.cpu is not None:
        yield f"That is {verdict.cpu.text}: the best row of this processor."


def _cards(verdict: Verdict) -> Iterator[Card]:
    run, point, cost = verdict.run, verdict.point, verdict.cost
    yield from _accuracy_card(run, point)
    if point is not None and cost is not None:
        between = range_text(cost.joules.low, cost.joules.high, "J").replace("–", " and ")
        yield si(cost.joules.nominal, "J"), f"Loihi, {_at(point)}", f"estimated, between {between}; {cost.device}"
    for name, beside in (("CPU", verdict.cpu), ("GPU", verdict.gpu)):
        if beside is not None:
            title = f"what the {'best CPU' if name == 'CPU' else name} row needs"
            remark = f"{times(beside.low)} to {times(beside.high)}; {beside.device}: {si(beside.joules, 'J')}"
            yield f"{times(beside.ratio)} ×", title, f"{remark}, {beside.how}"
    if run.partition.chips:
        yield str(run.partition.chips), "chip" if run.partition.chips == 1 else "chips", cores_of(run.partition)
    if point is not None and cost is not None:
        yield steps_text(point), f"time steps, {_at(point)}", f"{si(cost.seconds.nominal, 's')}, estimated"
    else:
        yield str(run.timesteps), "time steps", counted(run.images, "image")


def _accuracy_card(run: ReportedRun, point: OperatingPoint | None) -> Iterator[Card]:
    """What is reached at ``point``, whose energy stands beside it, else after all steps; nothing without a metric."""
    ann, snn = run.metrics.ann or {}, run.metrics.snn
    if point is not None and point.metric is not None:
        metric = METRICS[point.metric]
        after_all = f"{metric.text(snn.get(point.metric))} after all steps"
        remark = after_all if point.ann is None else f"ANN {metric.text(point.ann)}; {after_all}"
        yield metric.text(point.value), f"{metric.title}, {_at(point)}", f"{remark}; {counted(point.images, 'image')}"
    elif (key := _headline(run)) is not None:
        remark = f"ANN {METRICS[key].text(ann[key])}; " if ann.get(key) is not None else ""
        yield METRICS[key].text(snn[key]), METRICS[key].title, f"{remark}{counted(run.images, 'image')}"


def _headline(run: ReportedRun) -> MetricName | None:
    return next((key for key in HEADLINE if run.metrics.snn.get(key) is not None), None)


def _at(point: OperatingPoint) -> str:
    return "all steps" if point.name == "all steps" else f"at the {point.name}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
