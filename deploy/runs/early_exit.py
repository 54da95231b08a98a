"""Stopping each image once its output is settled: from the outputs at all readout steps, as if the chip stopped there.

Arrays have shape (images, readout steps). An image is settled once ``settled`` reaches a threshold:

- classification: the lead of the first class over the second, in logits, times the steps of the readout window;
- segmentation: the share of pixels whose class is that of the readout step before;
- numbers and anomalies: 1 less the root mean square change of the outputs since the readout step before, relative to
  their own root mean square.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from convert.data.metric_registry import METRICS, MetricName
from convert.data.metrics import area_under_curve, class_map
from convert.network.network import Activation
from convert.report import Task
from deploy.arrays import Float32, Float64, Int64
from deploy.targets.registry import Window

from .report import EarlyReport, EventMeans, HeldOutRow, StoppedRow, row_of

EventsAt = Callable[[Int64, Int64], EventMeans]
"""Images and the readout step at which each of them stops, both (images,) -> mean events of an image."""

MetricAt = Callable[[Int64, Int64], float | None]
"""The same -> the metric of these images; None where they do not define it."""

CHANGE = "1 less the change of the outputs since the readout before, relative to their size"
RULES: dict[Task, str] = {
    "classification": "lead of the first class over the second (logits) times the steps of the readout window",
    "segmentation": "share of pixels whose class is that of the readout before",
    "regression": CHANGE,
    "anomaly": CHANGE,
}
THRESHOLDS = 24
"""Points of the curve, chosen to be as many as a plot shows apart."""
TINY = 1e-30
"""Stands for a probability of 0, whose logarithm is needed: below every float32 that a softmax gives."""


@dataclass(frozen=True)
class Observed:
    """What was seen at the readouts after ``steps`` steps: how settled each image was, and how good all of them."""

    steps: Int64
    metric: MetricName
    settled: Float64
    metric_at: MetricAt
    events_at: EventsAt

    @property
    def images(self) -> Int64:
        return np.arange(len(self.settled))

    def last_of(self, images: Int64) -> Int64:
        """The last readout step for each of ``images``."""
        return np.full(len(images), len(self.steps) - 1)


def early_report(task: Task, seen: Observed, threshold: float | None) -> EarlyReport:
    """What stopping settled images early brings: the curve, and one threshold on images that did not choose it."""
    return EarlyReport(
        rule=RULES[task],
        metric=seen.metric,
        curve=tuple(curve(seen, seen.images)),
        held_out=held_out(seen, threshold),
    )


def metric_at(task: Task, own: Float64) -> MetricAt:
    """The main metric of the task, from each image's own numbers (images, readout steps, ...): see ``Merit``."""
    if task == "anomaly":
        scores, anomalies = own[:, :, 0], own[:, 0, 1].astype(bool)
        return lambda images, at: area_under_curve(scores[images, at], anomalies[images])
    return mean_of(own[:, :, 0])


def mean_of(each: Float64) -> MetricAt:
    """A metric that is the mean of what ``each`` image has."""
    return lambda images, at: float(each[images, at].mean())


def settled(
    task: Task, activation: Activation, outputs: Iterable[Float32], windows: Sequence[Window], arrival_step: int
) -> Float64:
    """How settled one image is at each readout; -inf where spikes of ``arrival_step`` cannot have come through yet.

    ``outputs`` are those of the readouts, of which two are held at a time.
    """
    stops = np.array([stop for _, stop in windows])
    arrived = stops > arrival_step
    if task == "classification":
        lead = np.array([_lead(_logits(output[None], activation)).item() for output in outputs])
        found = lead * np.array([stop - start for start, stop in windows])
    else:
        same = _same_classes if task == "segmentation" else _same_numbers
        found = np.array([0.0, *(same(before, now) for before, now in pairwise(outputs))])
        arrived = arrived & np.append(False, arrived[:-1])
    return np.where(arrived, found, -np.inf)


def stopped(settled: Float64, threshold: float) -> Int64:
    """The readout step at which each image stops, the first that is settled or the last, shape (images,)."""
    reached = settled >= threshold
    reached[:, -1] = True
    return np.asarray(reached.argmax(axis=1))


def point(seen: Observed, images: Int64, threshold: float) -> StoppedRow:
    """Mean steps, metric and mean events of ``images`` stopped at ``threshold``."""
    at = stopped(seen.settled[images], threshold)
    return row_of(
        StoppedRow,
        {seen.metric: seen.metric_at(images, at)},
        seen.events_at(images, at),
        threshold=threshold,
        timesteps=float(seen.steps[at].mean()),
    )


def curve(seen: Observed, images: Int64) -> list[StoppedRow]:
    """The points of thresholds evenly spread over what was seen."""
    values = seen.settled[images]
    values = values[np.isfinite(values)]
    thresholds = np.unique(np.quantile(values, np.linspace(0, 1, THRESHOLDS))) if values.size else ()
    return [point(seen, images, float(threshold)) for threshold in thresholds]


def held_out(seen: Observed, threshold: float | None) -> HeldOutRow | None:
    """The point of ``threshold`` on all images; without one, that of ``chosen_threshold``.

    It is chosen on every other image and measured on those left. None where there is nothing to choose from.
    """
    choosing, left = (seen.images[::2], seen.images[1::2]) if threshold is None else (seen.images[:0], seen.images)
    if threshold is None:
        threshold = chosen_threshold(seen, choosing)
    if threshold is None or len(left) == 0:
        return None
    at = stopped(seen.settled[left], threshold)
    return row_of(
        HeldOutRow,
        {seen.metric: seen.metric_at(left, at)},
        seen.events_at(left, at),
        threshold=threshold,
        timesteps=float(seen.steps[at].mean()),
        images=len(left),
        chosen_on=len(choosing),
        all_steps=seen.metric_at(left, seen.last_of(left)),
    )


def chosen_threshold(seen: Observed, images: Int64) -> float | None:
    """The threshold with the fewest steps that gives up no more of the metric on ``images`` than it tolerates.

    None if none does, or if these images do not define the metric.
    """
    metric, after_all = METRICS[seen.metric], seen.metric_at(images, seen.last_of(images))
    if after_all is None:
        return None
    good = [
        row
        for row in curve(seen, images)
        if (value := row.value(seen.metric)) is not None and metric.reaches(value, after_all, metric.tolerance or 0.0)
    ]
    return min(good, key=lambda row: row.timesteps).threshold if good else None


def _same_classes(before: Float32, now: Float32) -> float:
    """The share of an image's pixels whose class is that of the readout before."""
    return float(np.mean(class_map(before) == class_map(now)))


def _same_numbers(before: Float32, now: Float32) -> float:
    """1 less the relative change of an image's outputs since the readout before."""
    old, new = before.ravel().astype(np.float64), now.ravel().astype(np.float64)
    change = np.sqrt(np.mean((new - old) ** 2))
    return float(1 - change / np.maximum(np.sqrt(np.mean(new**2)), TINY))


def _logits(outputs: Float32, activation: Activation) -> Float64:
    """Outputs (images, classes) before the activation, but for a constant; a single score beside that of class 0."""
    values = outputs.reshape(len(outputs), -1).astype(np.float64)
    if values.shape[1] == 1:
        values = np.concatenate([1 - values, values], axis=1)
    return np.log(np.maximum(values, TINY)) if activation in ("softmax", "sigmoid") else values


def _lead(logits: Float64) -> Float64:
    ordered = np.sort(logits, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2])
