"""Activations of the original on images: their percentiles, which set the scales, and their spread on other images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from convert.frontends.original import Images, Original, Segment

from .target_rates import target_rates

KEPT = 2_000_000
"""Activations kept per population for its percentile, evenly from the images: 99.9 % of them leave 2,000 above."""

BATCH = 8
"""Images at a time: the activities of all layers are held for them."""

PERCENTILES = {"50": 50.0, "90": 90.0, "99": 99.0, "99.9": 99.9, "max": 100.0}
"""The percentiles of a population's rates in conversion.json, by their names there."""


@dataclass(frozen=True)
class Activity:
    """One population on the calibration images, in units of the original's activation, over all neurons and images."""

    percentile: float
    mean: float


@dataclass(frozen=True)
class Spread:
    """The distribution of one population's activations over all neurons and images.

    ``percentiles`` in units of the original's activation, by the names of ``PERCENTILES``; ``share_in_range`` of the
    neurons x images is at or below what the scale makes the target rate.
    """

    percentiles: dict[str, float]
    share_in_range: float


@dataclass(frozen=True)
class RateScales:
    """By population: what sets the scales, the spread on inputs that may be others, and the target rates."""

    activity: Mapping[str, Activity]
    spread: Mapping[str, Spread]
    targets_hz: Mapping[str, float]

    @property
    def scale_hz(self) -> dict[str, float]:
        return {name: self.targets_hz[name] / a.percentile for name, a in self.activity.items()}


def measure_rates(
    original: Original,
    segments: Sequence[Segment],
    calibration: Images,
    others: Images,
    *,
    percentile: float,
    rates_hz: tuple[float, float],
    one_scale: bool = False,
) -> RateScales:
    """The scales that the inputs ``calibration`` give, and the spread of the activations on ``others``.

    With ``one_scale`` all layers share the largest scale at which none fires more than ``target_rates`` allows.
    """
    activity = measure_activity(original, _batches(calibration), len(calibration), percentile=percentile)
    at_most = {name: a.percentile for name, a in activity.items()}
    found = measure_spread(original, _batches(others), len(others), at_most=at_most)
    targets_hz = target_rates(segments, rates_hz)
    if one_scale:
        scale_hz = min(targets_hz[name] / size for name, size in at_most.items())
        targets_hz = {name: scale_hz * size for name, size in at_most.items()}
    return RateScales(activity, found, targets_hz)


def percentiles_hz(name: str, before: RateScales | None, now: RateScales) -> dict[str, dict[str, float]]:
    """A population's percentiles in Hz, all at the scale from before fine-tuning; 'after' only if there was any."""
    sets = {"before": now} if before is None else {"before": before, "after": now}
    hz = sets["before"].scale_hz[name]
    return {when: {p: hz * v for p, v in rates.spread[name].percentiles.items()} for when, rates in sets.items()}


def _batches(inputs: Images) -> list[Images]:
    return np.array_split(inputs, -(-len(inputs) // BATCH))


def measure_activity(
    original: Original, batches: Iterable[Images], count: int, *, percentile: float
) -> dict[str, Activity]:
    """The activity of every population over ``count`` images.

    Source: percentile scaling after Rueckauer et al. 2017, section 2.2.
    """
    sums: dict[str, float] = {}
    seen: dict[str, int] = {}
    kept: dict[str, list[NDArray[np.float32]]] = {}
    for batch in batches:
        for name, values in original.activities(batch).items():
            sums[name] = sums.get(name, 0.0) + float(values.sum(dtype=np.float64))
            seen[name] = seen.get(name, 0) + values.size
            kept.setdefault(name, []).append(values.ravel()[:: _even_step(values[0].size, count)])
    scale = {name: _positive_percentile(np.concatenate(values), percentile) for name, values in kept.items()}
    return {name: Activity(scale[name], sums[name] / seen[name]) for name in kept}


def measure_spread(
    original: Original, batches: Iterable[Images], count: int, *, at_most: Mapping[str, float]
) -> dict[str, Spread]:
    """The spread of every population's activations over ``count`` images; ``at_most``, in their units, ends its range.

    The share and the maximum are those of all activations, the other percentiles those of a sample.
    """
    kept: dict[str, list[NDArray[np.float32]]] = {name: [] for name in at_most}
    largest = dict.fromkeys(at_most, 0.0)
    inside, seen = dict.fromkeys(at_most, 0), dict.fromkeys(at_most, 0)
    for batch in batches:
        for name, values in original.activities(batch).items():
            kept[name].append(values.ravel()[:: _even_step(values[0].size, count)])
            largest[name] = max(largest[name], float(values.max()))
            inside[name] += int(np.count_nonzero(values <= at_most[name]))
            seen[name] += values.size
    found = {}
    for name in at_most:
        values = np.percentile(np.concatenate(kept.pop(name)), list(PERCENTILES.values()))
        percentiles = dict(zip(PERCENTILES, values.tolist(), strict=True)) | {"max": largest[name]}
        found[name] = Spread(percentiles, inside[name] / seen[name])
    return found


def _even_step(neurons: int, count: int) -> int:
    """Every how many activations one is kept; coprime to ``neurons``, so every channel is drawn."""
    step = max(1, neurons * count // KEPT)
    while gcd(step, neurons) > 1:
        step += 1
    return step


def _positive_percentile(values: NDArray[np.float32], percentile: float) -> float:
    """The percentile, or the maximum where that is 0, or 1 for a population that is silent on all images."""
    return float(np.percentile(values, percentile)) or float(values.max()) or 1.0
