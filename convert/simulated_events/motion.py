"""What moves in front of the sensor: the image in saccades, the image evenly, or a fence before an image at rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil, cos, pi
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .sensor import Frame, Intensity

MotionName = Literal["saccades", "pan", "fence"]

FRAMES_PER_S = 1000
"""At least."""

FRAMES_PER_PIXEL = 2
"""At least, of what moves fastest."""

SACCADES = ((0.0, 0.0), (1.0, 0.5), (0.0, 1.0), (0.0, 0.0))
"""Corners of an isosceles triangle, (row, column), in pixels of a saccade: one after the other in as much time each.

Source: Orchard et al. 2015 (N-MNIST), three saccades of 100 ms; how fast they are within that is a cosine here.
"""

FENCE_LEVEL = 0.0
"""Intensity of a bar."""

Position = Callable[[float], tuple[float, float]]
"""From the share of the duration that has passed to (row, column)."""


def frames_of(
    image: Intensity, motion: MotionName, *, duration_s: float, pixels: float, bar: float, gap: float, phase: float
) -> Iterator[Frame]:
    """What is seen of ``image`` while it, or the fence, moves by ``pixels`` in ``duration_s``.

    The fence has bars of ``bar`` pixels, ``gap`` apart; ``phase``, 0 to 1, is where its first one is.
    """
    path = pixels * (len(SACCADES) - 1) if motion == "saccades" else pixels
    count = max(2, ceil(duration_s * FRAMES_PER_S), ceil(abs(path) * FRAMES_PER_PIXEL * pi / 2)) + 1
    for passed in np.linspace(0, 1, count).tolist():
        if motion == "fence":
            hidden = _hidden(image.shape[1], bar, gap, passed * pixels + phase * (bar + gap))
            seen = image * (1 - hidden) + FENCE_LEVEL * hidden
        else:
            row, column = (_saccade if motion == "saccades" else _pan)(passed)
            seen = _moved(image, pixels * row, pixels * column)
        yield Frame(passed * duration_s * 1e6, seen)


def _saccade(passed: float) -> tuple[float, float]:
    saccades = len(SACCADES) - 1
    number = min(int(passed * saccades), saccades - 1)
    share = (1 - cos(pi * (passed * saccades - number))) / 2
    (row, column), (next_row, next_column) = SACCADES[number], SACCADES[number + 1]
    return row + share * (next_row - row), column + share * (next_column - column)


def _pan(passed: float) -> tuple[float, float]:
    return 0.0, passed


def _moved(image: Intensity, rows: float, columns: float) -> Intensity:
    """``image`` by so many pixels down and to the right, between pixels linear, its border going on outside."""
    from scipy import ndimage

    moved = ndimage.shift(image, (rows, columns), order=1, mode="nearest")
    return np.asarray(moved, np.float64).clip(0, 1)


def _hidden(columns: int, bar: float, gap: float, moved: float) -> NDArray[np.float64]:
    """The share of each column that bars hide which have moved so many pixels to the right."""
    edges = np.arange(columns + 1) - moved
    period = bar + gap
    passed = np.floor(edges / period) * bar + np.minimum(edges % period, bar)
    return np.asarray(np.diff(passed).clip(0, 1), np.float64)
