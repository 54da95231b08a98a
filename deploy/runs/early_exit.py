"""Stopping each image once its output is settled: from the outputs at all checkpoints, as if the chip stopped there.

Arrays have shape (images, checkpoints). An image is settled once ``settled`` reaches a threshold:

- classification: the lead of the first class over the second, in logits, times the steps of the readout window;
- segmentation: the share of pixels whose class is that of the checkpoint before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.data.dataset import Dataset
from convert.data.metrics import class_map
from deploy.targets.registry import Window

from .knee import ROUNDING, TOLERANCE

Array = NDArray[np.float64]
Counts = Callable[[NDArray[np.int64], NDArray[np.int64]], dict[str, Any]]
"""Images and the checkpoint at which each of them stops, both (images,) -> mean counts per image."""

RULES = {
    "classification": "lead of the first class over the second (logits) times the steps of the readout window",
    "segmentation": "share of pixels whose class is that of the checkpoint before",
}
METRIC = {"classification": "accuracy", "segmentation": "pixel_accuracy"}
"""What is reported: a mean over images of equal size."""
THRESHOLDS = 24
TINY = 1e-30


@dataclass(frozen=True)
class Observed:
    """What was seen at the checkpoints after ``steps`` steps: how settled each image was, and how much of it right."""

    steps: NDArray[np.int64]
    metric: str
    settled: Array
    correct: Array
    counts: Counts

    @property
    def images(self) -> NDArray[np.int64]:
        return np.arange(len(self.settled))


def correct(dataset: Dataset, outputs: NDArray[np.float32]) -> Array:
    """The share of each image that is right, 0 or 1 for a class; ``outputs`` has shape (checkpoints, images, ...)."""
    right = [
        [np.mean(_classes(output, dataset.task) == np.squeeze(dataset.label(i))) for output in outputs[:, i]]
        for i in range(len(dataset))
    ]
    return np.array(right, np.float64)


def settled(task: str, activation: str, outputs: NDArray[np.float32], windows: Sequence[Window], arrival: int) -> Array:
    """How settled each image is; -inf where spikes of step ``arrival`` cannot have come through yet."""
    stops = np.array([stop for _, stop in windows])
    arrived = stops > arrival
    if task == "classification":
        lead = np.array([_lead(_logits(of_checkpoint, activation)) for of_checkpoint in outputs])
        found = lead * np.array([stop - start for start, stop in windows])[:, None]
    else:
        maps = [[_classes(o, task) for o in of_checkpoint] for of_checkpoint in outputs]
        same = [[np.mean(a == b) for a, b in zip(*pair, strict=True)] for pair in pairwise(maps)]
        found = np.concatenate([np.zeros((1, outputs.shape[1])), np.array(same).reshape(-1, outputs.shape[1])])
        arrived = arrived & np.append(False, arrived[:-1])
    return np.where(arrived[:, None], found, -np.inf).T


def stopped(settled: Array, threshold: float) -> NDArray[np.int64]:
    """The checkpoint at which each image stops, the first that is settled or the last, shape (images,)."""
    reached = settled >= threshold
    reached[:, -1] = True
    return np.asarray(reached.argmax(axis=1))


def point(seen: Observed, images: NDArray[np.int64], threshold: float) -> dict[str, Any]:
    """Mean steps, metric and mean counts of ``images`` stopped at ``threshold``."""
    at = stopped(seen.settled[images], threshold)
    return {
        "threshold": threshold,
        "timesteps": float(seen.steps[at].mean()),
        seen.metric: float(seen.correct[images, at].mean()),
        **seen.counts(images, at),
    }


def curve(seen: Observed, images: NDArray[np.int64]) -> list[dict[str, Any]]:
    """The points of thresholds evenly spread over what was seen."""
    values = seen.settled[images]
    values = values[np.isfinite(values)]
    thresholds = np.unique(np.quantile(values, np.linspace(0, 1, THRESHOLDS))) if values.size else ()
    return [point(seen, images, float(threshold)) for threshold in thresholds]


def held_out(seen: Observed, threshold: float | None) -> dict[str, Any] | None:
    """The point of ``threshold``; without one, of the one with the fewest steps that gives up at most ``TOLERANCE`` on
    every other image, measured on those left. None where there is nothing to choose from."""
    choosing, left = (seen.images[::2], seen.images[1::2]) if threshold is None else (seen.images[:0], seen.images)
    if threshold is None:
        enough = seen.correct[choosing, -1].mean() - TOLERANCE[seen.metric] - ROUNDING
        good = [row for row in curve(seen, choosing) if row[seen.metric] >= enough]
        if not good or len(left) == 0:
            return None
        threshold = min(good, key=lambda row: float(row["timesteps"]))["threshold"]
    return {
        **point(seen, left, threshold),
        "images": len(left),
        "chosen_on": len(choosing),
        "all_steps": float(seen.correct[left, -1].mean()),
    }


def _classes(output: NDArray[np.float32], task: str) -> NDArray[Any]:
    if task == "segmentation":
        return class_map(output)
    scores = output.reshape(-1)
    return np.asarray(scores[0] >= 0.5 if len(scores) == 1 else scores.argmax())


def _logits(outputs: NDArray[np.float32], activation: str) -> Array:
    """Outputs (images, classes) before the activation, but for a constant; a single score beside that of class 0."""
    values = outputs.reshape(len(outputs), -1).astype(np.float64)
    if values.shape[1] == 1:
        values = np.concatenate([1 - values, values], axis=1)
    return values if activation == "linear" else np.log(np.maximum(values, TINY))


def _lead(logits: Array) -> Array:
    ordered = np.sort(logits, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2])
