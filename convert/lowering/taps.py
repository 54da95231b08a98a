"""The taps of a convolution from its responses to impulses, as many impulses in one image as do not meet."""

from __future__ import annotations

from itertools import product
from math import ceil, prod

import numpy as np
from numpy.typing import NDArray

from convert.frontends.original import Function
from convert.network import Shape

from .impulses import AT_A_TIME, responses_to, without_rounding

Pair = tuple[int, int]
"""A number for the rows and one for the columns."""

Taps = dict[Pair, NDArray[np.float32]]
"""Weights (channels in, channels out) by row and column tap."""

SHORT = 8
"""An axis of up to this many strides is probed everywhere if the middle does not show the whole kernel."""


def taps_of(function: Function, source: Shape, target: Shape, up: Pair, down: Pair) -> Taps:
    """Kernel values by (row tap, column tap), where tap = target * down - source * up is what they depend on.

    One period of pixels in the middle shows every tap, unless its responses reach the border of a small image. If
    ``function`` is no convolution with these strides, the taps mean nothing.
    """
    middle = [source[i] // 2 // down[i] * down[i] for i in range(2)]
    periods = [range(middle[i], min(middle[i] + down[i], source[i])) for i in range(2)]
    windows = {(y, x): _window(function, source, target, (y, x)) for y, x in product(*periods)}
    reached = [
        any(w is not None and (w[i].start == 0 or w[i].stop == target[i]) for w in windows.values()) for i in range(2)
    ]
    if any(reached[i] and source[i] <= SHORT * down[i] for i in range(2)):
        return _everywhere(function, source, target, up, down)
    found: Taps = {}
    for pixel, window in windows.items():
        if window is not None:
            responses = _at_windows(function, source, target, up, down, pixel, window)
            for (y, row), (x, column) in product(enumerate(window[0]), enumerate(window[1])):
                if responses[:, y, x].any():
                    found.setdefault(_tap(pixel, (row, column), up, down), responses[:, y, x])
    return found


def _tap(pixel: Pair, at: Pair, up: Pair, down: Pair) -> Pair:
    return pixel[0] * up[0] - at[0] * down[0], pixel[1] * up[1] - at[1] * down[1]


def _window(function: Function, source: Shape, target: Shape, pixel: Pair) -> tuple[range, range] | None:
    """The rows and columns that respond to any channel of ``pixel``, or None if none does."""
    image = np.zeros((1, *source), dtype=np.float32)
    image[0, pixel[0], pixel[1]] = np.random.default_rng(0).uniform(1, 2, source[2])
    seen = without_rounding(np.array(function(image)))[0].any(axis=-1)
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not len(rows):
        return None
    return range(int(rows[0]), int(rows[-1]) + 1), range(int(columns[0]), int(columns[-1]) + 1)


def _at_windows(
    function: Function, source: Shape, target: Shape, up: Pair, down: Pair, pixel: Pair, window: tuple[range, range]
) -> NDArray[np.float32]:
    """The response of every channel in its window, shape (source channels, window rows, window columns, channels).

    Each channel has an impulse of its own, by whole periods away from ``pixel`` so that no two windows meet.
    """
    axes = []
    for i in range(2):
        apart = ceil(len(window[i]) / up[i])
        fits = [
            k
            for k in range(-source[i], source[i])
            if k % apart == 0
            and pixel[i] + k * down[i] in range(source[i])
            and window[i].start + k * up[i] >= 0
            and window[i].stop + k * up[i] <= target[i]
        ]
        axes.append(fits)
    shifts = list(product(*axes))
    found = np.empty((source[2], len(window[0]), len(window[1]), target[2]), dtype=np.float32)
    at_a_time = len(shifts) * max(1, AT_A_TIME // max(prod(source), prod(target)))
    for first in range(0, source[2], at_a_time):
        channels = range(first, min(first + at_a_time, source[2]))
        placed = [(c, (c - first) // len(shifts), *shifts[(c - first) % len(shifts)]) for c in channels]
        images = np.zeros((placed[-1][1] + 1, *source), dtype=np.float32)
        for c, image, y, x in placed:
            images[image, pixel[0] + y * down[0], pixel[1] + x * down[1], c] = 1
        responses = function(images)
        for c, image, y, x in placed:
            top, left = window[0].start + y * up[0], window[1].start + x * up[1]
            found[c] = responses[image, top : top + len(window[0]), left : left + len(window[1])]
    return without_rounding(found)


def _everywhere(function: Function, source: Shape, target: Shape, up: Pair, down: Pair) -> Taps:
    """The taps that all pixels together show."""
    found: Taps = {}
    for row, column in product(range(source[0]), range(source[1])):
        responses = responses_to(function, source, target, [row], [column])
        for y, x in zip(*np.nonzero(responses.any(axis=(0, 3))), strict=True):
            tap = _tap((row, column), (int(y), int(x)), up, down)
            if tap not in found:
                found[tap] = responses[:, y, x].copy()
    return found
