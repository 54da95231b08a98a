"""How a sensor moves before an image: where the image lies in each sample, and what passes in front of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

MotionName = Literal["saccades", "pan", "fence"]

Path = NDArray[np.float64]
"""Shape (samples, 2): rows and columns by which the image is moved, in pixels; it begins anywhere and ends anywhere."""

Bars = NDArray[np.float64]
"""Shape (bars, 2): where each bar of a fence begins and ends, in columns, in the first sample."""


@dataclass(frozen=True)
class Motion:
    """``path`` of the image, ``bars`` before it, and how many columns these have gone by in each sample."""

    path: Path
    bars: Bars
    passed: NDArray[np.float64]


Make = Callable[[int, float, tuple[int, int], np.random.Generator], Motion]
"""(samples, distance in pixels, rows and columns of the image, randomness) -> the motion."""

NO_BARS: Bars = np.zeros((0, 2))

FENCE_WIDTH, FENCE_GAP = (0.04, 0.10), (0.03, 0.08)
"""Of a bar and of a gap, least and most, as a share of the columns: more is hidden than seen. Chosen after E-SAI."""

FENCE_LIGHT = 0.3
"""Of a bar, where the brightest pixel has 1. Chosen."""

FENCE_SPEED = 8.0
"""Columns that the fence goes by for one of the image: it is nearer by so much. Chosen."""


def saccades(samples: int, distance: float, size: tuple[int, int], rng: np.random.Generator) -> Motion:
    """Down right, up right, back: a triangle, as N-MNIST was recorded (Orchard et al. 2015)."""
    corners = np.array([[0, 0], [1, 0.5], [0, 1], [0, 0]]) * distance
    at = np.linspace(0, len(corners) - 1, samples)
    path = np.stack([np.interp(at, range(len(corners)), corners[:, axis]) for axis in (0, 1)], axis=1)
    return Motion(path, NO_BARS, np.zeros(samples))


def pan(samples: int, distance: float, size: tuple[int, int], rng: np.random.Generator) -> Motion:
    """A straight line in a random direction, the image in its place half-way."""
    angle = rng.uniform(0, 2 * np.pi)
    along = np.linspace(-0.5, 0.5, samples) * distance
    return Motion(along[:, None] * np.array([np.sin(angle), np.cos(angle)]), NO_BARS, np.zeros(samples))


def fence(samples: int, distance: float, size: tuple[int, int], rng: np.random.Generator) -> Motion:
    """Along a row, behind upright bars of random widths that are nearer: what is hidden now is seen later."""
    columns = size[1]
    way = FENCE_SPEED * distance
    bars, at = [], -way - columns * FENCE_WIDTH[1]
    while at < columns:
        width, gap = (columns * rng.uniform(*share) for share in (FENCE_WIDTH, FENCE_GAP))
        bars.append((at, at + width))
        at += width + gap
    along = np.linspace(-0.5, 0.5, samples) * distance
    return Motion(np.stack([np.zeros(samples), along], axis=1), np.array(bars), np.linspace(0, way, samples))


MOTIONS: dict[MotionName, Make] = {"saccades": saccades, "pan": pan, "fence": fence}

DISTANCES: dict[MotionName, float] = {"saccades": 0.12, "pan": 0.25, "fence": 0.06}
"""How far the image moves unless it is said: a share of its columns."""


def frame_at(image: NDArray[np.float64], motion: Motion, sample: int) -> NDArray[np.float64]:
    """What the sensor sees in ``sample`` of ``image`` (rows, columns), which goes on at its border as it ends.

    The edges of bars cover a part of a pixel.
    """
    rows, columns = image.shape
    down, right = motion.path[sample]
    seen = _along(_along(image, np.arange(rows) - down, 0), np.arange(columns) - right, 1)
    if not len(motion.bars):
        return seen
    begin, end = (motion.bars[:, side, None] + motion.passed[sample] for side in (0, 1))
    pixels = np.arange(columns)
    covered = np.clip(np.minimum(end, pixels + 1) - np.maximum(begin, pixels), 0, 1).sum(axis=0)
    return np.asarray(seen * (1 - covered) + FENCE_LIGHT * covered)


def _along(image: NDArray[np.float64], at: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """``image`` between its pixels, at positions along ``axis``."""
    last = image.shape[axis] - 1
    where = np.clip(at, 0, last)
    low = np.minimum(where.astype(int), max(last - 1, 0))
    share = (where - low).reshape((-1, 1) if axis == 0 else (1, -1))
    return np.asarray(np.take(image, low, axis) * (1 - share) + np.take(image, np.minimum(low + 1, last), axis) * share)
