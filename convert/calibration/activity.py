"""Firing rates: percentiles on calibration images set the scales, means the traffic; how rates lie on other images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.frontends.keras.cut import Cut
from convert.network import Shape

from .peaks import kept, largest
from .target_rates import target_rates

SAMPLE = 2_000_000
"""Activations kept per population for its percentile (drawn evenly from the images)."""

PERCENTILES = {"50": 50.0, "90": 90.0, "99": 99.0, "99.9": 99.9, "max": 100.0}
"""What is told of how a population's rates lie, by its name in conversion.json."""


@dataclass(frozen=True)
class Activity:
    """What one population does on the calibration images, in units of the Keras activation.

    ``percentile`` over all neurons and images; ``mean`` and ``peak`` have the population's shape: for each neuron its
    mean and its 95th percentile over the images, the lower of two values where that lies between them.
    """

    percentile: float
    mean: NDArray[np.float32]
    peak: NDArray[np.float32]


@dataclass(frozen=True)
class Spread:
    """How one population's activations lie over all neurons and images.

    ``percentiles`` in units of the Keras activation, by the names of ``PERCENTILES``; ``share_in_range`` of the neurons
    x images is at or below what the scale makes the target rate.
    """

    percentiles: dict[str, float]
    share_in_range: float


@dataclass(frozen=True)
class Rates:
    """What sets the scales, and how the activations lie on inputs that may be others; by population."""

    activity: Mapping[str, Activity]
    spread: Mapping[str, Spread]
    targets_hz: Mapping[str, float]

    @property
    def scale_hz(self) -> dict[str, float]:
        return {name: self.targets_hz[name] / a.percentile for name, a in self.activity.items()}


def measure_rates(
    cut: Cut,
    calibration: NDArray[np.float32],
    others: NDArray[np.float32],
    *,
    percentile: float,
    rates_hz: tuple[float, float],
    one_scale: bool = False,
) -> Rates:
    """The scales that the inputs ``calibration`` give, and how the activations lie on ``others``.

    With ``one_scale`` all layers share the largest scale at which none fires more than ``target_rates`` allows.
    """
    shapes = {s.target: s.shape for s in cut.segments if not s.is_readout}
    activity = measure_activity(cut.activities, shapes, _batches(calibration), len(calibration), percentile=percentile)
    at_most = {name: a.percentile for name, a in activity.items()}
    found = spread(cut.activities, shapes, _batches(others), len(others), at_most=at_most)
    targets_hz = target_rates(cut.segments, rates_hz)
    if one_scale:
        scale_hz = min(targets_hz[name] / size for name, size in at_most.items())
        targets_hz = {name: scale_hz * size for name, size in at_most.items()}
    return Rates(activity, found, targets_hz)


def percentiles_hz(name: str, before: Rates | None, now: Rates) -> dict[str, dict[str, float]]:
    """How a population's rates lie, all at the scale from before fine-tuning; 'after' only if there was any."""
    sets = {"before": now} if before is None else {"before": before, "after": now}
    hz = sets["before"].scale_hz[name]
    return {when: {p: hz * v for p, v in rates.spread[name].percentiles.items()} for when, rates in sets.items()}


def _batches(inputs: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return np.array_split(inputs, -(-len(inputs) // 8))


def measure_activity(
    activities: Any,
    shapes: dict[str, Shape],
    batches: Iterable[NDArray[np.float32]],
    count: int,
    *,
    percentile: float,
) -> dict[str, Activity]:
    """The activity of every population over ``count`` images; ``activities`` is ``Cut.activities``, ``shapes`` ordered.

    Source: percentile scaling after Rueckauer et al. 2017, section 2.2.
    """
    sums: dict[str, Any] = dict.fromkeys(shapes, 0.0)
    samples: dict[str, list[NDArray[np.float32]]] = {name: [] for name in shapes}
    top: dict[str, NDArray[np.float32]] = {}
    done = 0
    for batch in batches:
        done += len(batch)
        for name, values in _by_population(activities, shapes, batch):
            sums[name] = sums[name] + values.sum(axis=0, dtype=np.float64)
            step = _even_step(values[0].size, count)
            samples[name].append(values.ravel()[::step])
            top[name] = largest(top.get(name), values, kept(count))
    scale = {name: _positive_percentile(np.concatenate(samples[name]), percentile) for name in shapes}
    mean = {name: np.asarray(sums[name] / done, np.float32) for name in shapes}
    return {name: Activity(scale[name], mean[name], top[name].min(axis=0)) for name in shapes}


def spread(
    activities: Any,
    shapes: Mapping[str, Shape],
    batches: Iterable[NDArray[np.float32]],
    count: int,
    *,
    at_most: Mapping[str, float],
) -> dict[str, Spread]:
    """How every population's activations lie over ``count`` images; ``at_most``, in their units, ends its range.

    The share and the maximum are those of all activations, the other percentiles those of a sample.
    """
    samples: dict[str, list[NDArray[np.float32]]] = {name: [] for name in shapes}
    largest = dict.fromkeys(shapes, 0.0)
    inside, seen = dict.fromkeys(shapes, 0), dict.fromkeys(shapes, 0)
    for batch in batches:
        for name, values in _by_population(activities, shapes, batch):
            samples[name].append(values.ravel()[:: _even_step(values[0].size, count)])
            largest[name] = max(largest[name], float(values.max()))
            inside[name] += int(np.count_nonzero(values <= at_most[name]))
            seen[name] += values.size
    found = {}
    for name in shapes:
        values = np.percentile(np.concatenate(samples.pop(name)), list(PERCENTILES.values()))
        percentiles = dict(zip(PERCENTILES, values.tolist(), strict=True)) | {"max": largest[name]}
        found[name] = Spread(percentiles, inside[name] / seen[name])
    return found


def _by_population(
    activities: Any, shapes: Mapping[str, Shape], batch: NDArray[np.float32]
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Each population's name and its activations, shape (images, *shape)."""
    outputs = activities(batch, training=False)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    for (name, shape), output in zip(shapes.items(), outputs, strict=True):
        yield name, np.asarray(output, dtype=np.float32).reshape(len(batch), *shape)


def _even_step(neurons: int, count: int) -> int:
    """Every how many activations one is kept for a ``SAMPLE``; coprime to ``neurons``, so every channel is drawn."""
    step = max(1, neurons * count // SAMPLE)
    while gcd(step, neurons) > 1:
        step += 1
    return step


def _positive_percentile(values: NDArray[np.float32], percentile: float) -> float:
    """The percentile, or the maximum where that is 0, or 1 for a population that is silent on all images."""
    return float(np.percentile(values, percentile)) or float(values.max()) or 1.0
