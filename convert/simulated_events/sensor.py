"""A sensor of events, simulated: each pixel tells when the logarithm of its intensity has changed by a threshold.

Source of the model: Lichtsteiner et al. 2008 (the sensor); Rebecq et al. 2018 (events between two frames); Hu et al.
2021 (thresholds that differ from pixel to pixel, events of noise).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.data.events.recording import Recording, recording_of

Intensity = NDArray[np.float64]
"""Shape (rows, columns), 0 to 1."""

DARK = 0.02
"""Added to intensities before the logarithm: below it a pixel hardly tells differences. Chosen."""

LEAST_THRESHOLD = 0.01
"""Of any pixel."""


@dataclass(frozen=True)
class Sensor:
    """``threshold`` of the change of log(intensity + ``DARK``), normally distributed over pixels by ``spread``;
    ``noise_hz`` is how often a pixel gives an event of either polarity without a change."""

    threshold: float = 0.2
    spread: float = 0.03
    noise_hz: float = 0.1


@dataclass(frozen=True)
class Frame:
    """What is seen at ``time_us``."""

    time_us: float
    intensity: Intensity


def events_of(frames: Iterable[Frame], sensor: Sensor, rng: np.random.Generator) -> Recording:
    """The events of ``frames``, between two of which log(intensity) is taken to change evenly; in order of time."""
    parts: list[tuple[NDArray[np.float64], ...]] = []
    first: Frame | None = None
    for frame in frames:
        seen = np.log(frame.intensity + DARK)
        if first is None:
            first, before_us, before, told = frame, frame.time_us, seen, seen.copy()
            thresholds = rng.normal(sensor.threshold, sensor.spread, (2, *seen.shape)).clip(LEAST_THRESHOLD)
            continue
        parts += [
            _crossed(before, seen, told, thresholds[polarity], polarity, (before_us, frame.time_us))
            for polarity in (0, 1)
        ]
        before_us, before = frame.time_us, seen
    if first is None:
        raise ValueError("no frames")
    parts.append(_noise(first, before_us, sensor, rng))
    t_us, y, x, p = (np.concatenate(values) for values in zip(*parts, strict=True))
    t_us = np.floor(t_us).astype(np.int64)
    order = np.lexsort((p, x, y, t_us))
    return recording_of(t_us[order], x[order], y[order], p[order])


def _crossed(
    before: Intensity,
    seen: Intensity,
    told: Intensity,
    threshold: Intensity,
    polarity: int,
    span_us: tuple[float, float],
) -> tuple[NDArray[np.float64], ...]:
    """Times, rows, columns and polarities of thresholds crossed on the way from ``before`` to ``seen``; ``told``, what
    each pixel told last, follows in place."""
    sign = 1 if polarity else -1
    number = np.floor(sign * (seen - told) / threshold).clip(0).astype(np.int64)
    y, x = np.nonzero(number)
    times = number[y, x]
    pixel = np.repeat(np.arange(len(y)), times)
    nth = np.arange(len(pixel)) - np.repeat(np.cumsum(times) - times, times) + 1
    at = told[y, x][pixel] + sign * nth * threshold[y, x][pixel]
    start, change = before[y, x][pixel], (seen - before)[y, x][pixel]
    share = np.divide(at - start, change, out=np.ones_like(at), where=change != 0).clip(0, 1)
    told += sign * number * threshold
    t_us = span_us[0] + share * (span_us[1] - span_us[0])
    return t_us, y[pixel].astype(float), x[pixel].astype(float), np.full(len(pixel), float(polarity))


def _noise(first: Frame, end_us: float, sensor: Sensor, rng: np.random.Generator) -> tuple[NDArray[np.float64], ...]:
    """Events without a change, of any pixel at any time."""
    rows, columns = first.intensity.shape
    seconds = (end_us - first.time_us) * 1e-6
    count = int(rng.poisson(sensor.noise_hz * seconds * rows * columns))
    sizes = ((first.time_us, end_us), (0, rows), (0, columns), (0, 2))
    t_us, y, x, p = (rng.uniform(low, high, count) for low, high in sizes)
    return t_us, np.floor(y), np.floor(x), np.floor(p)
