"""The taps of a convolution from its responses to impulses, as many impulses in one image as do not meet."""

from __future__ import annotations

from itertools import product
from math import ceil

import numpy as np
from numpy.typing import NDArray

from .impulses import at_a_time, responses_to, touched, without_rounding
from .linear import Linear

Pair = tuple[int, int]
"""A number for the rows and one for the columns."""

Taps = dict[Pair, NDArray[np.float32]]
"""Weights (channels in, channels out) by row and column tap."""

SHORT = 8
"""An axis of up to this many strides is probed everywhere if the middle does not show the whole kernel."""


def taps_of(linear: Linear, up: Pair, down: Pair) -> Taps:
    """Kernel values by (row tap, column tap), where tap = source * up - target * down is what they depend on.

    One period of pixels in the middle shows every tap, unless its responses reach the border of a small image. They
    are seen from the source or from the target, whichever takes fewer images. If ``linear`` is no convolution with
    these strides, the taps mean nothing.
    """
    if up[0] * up[1] * linear.target[2] < down[0] * down[1] * linear.source[2]:
        seen = _taps(linear.transposed, down, up)
        return {(-row, -column): np.ascontiguousarray(weights.T) for (row, column), weights in seen.items()}
    return _taps(linear, up, down)


def _taps(linear: Linear, up: Pair, down: Pair) -> Taps:
    source, target = linear.source, linear.target
    windows = _windows(linear, down, (source[0] // 2, source[1] // 2))
    if not any(windows.values()):
        windows = _windows(linear, down, _giving(linear))
    reached = [
        source[i] * target[i] > 1
        and any(w is not None and (w[i].start == 0 or w[i].stop == target[i]) for w in windows.values())
        for i in range(2)
    ]
    if any(reached[i] and source[i] <= SHORT * down[i] for i in range(2)):
        return _everywhere(linear, up, down)
    found: Taps = {}
    for pixel, window in windows.items():
        if window is not None:
            responses = _at_windows(linear, up, down, pixel, window)
            for (y, row), (x, column) in product(enumerate(window[0]), enumerate(window[1])):
                if responses[:, y, x].any():
                    found.setdefault(_tap(pixel, (row, column), up, down), responses[:, y, x])
    return found


def _windows(linear: Linear, down: Pair, middle: Pair) -> dict[Pair, tuple[range, range] | None]:
    """What responds to each pixel of one period around ``middle``."""
    first = [middle[i] // down[i] * down[i] for i in range(2)]
    rows, columns = (range(first[i], min(first[i] + down[i], linear.source[i])) for i in range(2))
    pixels = list(product(rows, columns))
    return {pixel: _window(seen) for pixel, seen in zip(pixels, touched(linear, pixels), strict=True)}


def _giving(linear: Linear) -> Pair:
    """A pixel of the source that the middle of the target responds to; the first one if there is none."""
    rows, columns = linear.target[:2]
    seen = touched(linear.transposed, [(rows // 2, columns // 2)])[0]
    found = np.argwhere(seen)
    return (int(found[len(found) // 2][0]), int(found[len(found) // 2][1])) if len(found) else (0, 0)


def _tap(pixel: Pair, at: Pair, up: Pair, down: Pair) -> Pair:
    return pixel[0] * up[0] - at[0] * down[0], pixel[1] * up[1] - at[1] * down[1]


def _window(seen: NDArray[np.bool_]) -> tuple[range, range] | None:
    """The rows and columns that respond to a pixel, or None if none does."""
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not len(rows):
        return None
    return range(int(rows[0]), int(rows[-1]) + 1), range(int(columns[0]), int(columns[-1]) + 1)


def _at_windows(linear: Linear, up: Pair, down: Pair, pixel: Pair, window: tuple[range, range]) -> NDArray[np.float32]:
    """The response of every channel in its window, shape (source channels, window rows, window columns, channels).

    Each channel has an impulse of its own, by whole periods away from ``pixel`` so that no two windows meet.
    """
    source, target = linear.source, linear.target
    each = [_shifts(linear, i, up[i], down[i], pixel[i], window[i]) for i in range(2)]
    shifts = list(product(*(_whole(linear, i, each[i], down[i], pixel, len(window[i])) for i in range(2))))
    found = np.empty((source[2], len(window[0]), len(window[1]), target[2]), dtype=np.float32)
    step = len(shifts) * at_a_time(linear)
    for first in range(0, source[2], step):
        channels = range(first, min(first + step, source[2]))
        placed = [(c, (c - first) // len(shifts), *shifts[(c - first) % len(shifts)]) for c in channels]
        images = np.zeros((placed[-1][1] + 1, *source), dtype=np.float32)
        for c, image, y, x in placed:
            images[image, pixel[0] + y * down[0], pixel[1] + x * down[1], c] = 1
        responses = linear.forward(images)
        for c, image, y, x in placed:
            top, left = window[0].start + y * up[0], window[1].start + x * up[1]
            found[c] = responses[image, top : top + len(window[0]), left : left + len(window[1])]
    return without_rounding(found)


def _shifts(linear: Linear, axis: int, up: int, down: int, pixel: int, window: range) -> list[int]:
    """By how many periods ``pixel`` may be moved so that windows stay apart, and off the border where this one is."""
    apart, size = ceil(len(window) / up), linear.target[axis]
    border = int(window.start > 0 and window.stop < size)
    return [
        k
        for k in range(-linear.source[axis], linear.source[axis])
        if k % apart == 0
        and pixel + k * down in range(linear.source[axis])
        and window.start + k * up >= border
        and window.stop + k * up <= size - border
    ]


def _whole(linear: Linear, axis: int, shifts: list[int], down: int, pixel: Pair, length: int) -> list[int]:
    """Those of ``shifts`` along ``axis`` whose windows keep their ``length``: a crop cuts some far from the border."""

    def is_whole(k: int) -> bool:
        moved = (pixel[0] + k * down, pixel[1]) if axis == 0 else (pixel[0], pixel[1] + k * down)
        window = _window(touched(linear, [moved])[0])
        return window is not None and len(window[axis]) == length

    while shifts[0] < 0 and not is_whole(shifts[0]):
        shifts = shifts[1:]
    while shifts[-1] > 0 and not is_whole(shifts[-1]):
        shifts = shifts[:-1]
    return shifts


def _everywhere(linear: Linear, up: Pair, down: Pair) -> Taps:
    """The taps that all pixels together show, from as few of them as show every tap."""
    pixels = list(product(range(linear.source[0]), range(linear.source[1])))
    shown = [
        {_tap(pixel, (int(y), int(x)), up, down): (int(y), int(x)) for y, x in np.argwhere(seen)}
        for pixel, seen in zip(pixels, touched(linear, pixels), strict=True)
    ]
    found: Taps = {}
    missing = set().union(*shown)
    while missing:
        best = max(range(len(pixels)), key=lambda i: len(missing & shown[i].keys()))
        responses = responses_to(linear, [pixels[best][0]], [pixels[best][1]])
        for tap in missing & shown[best].keys():
            y, x = shown[best][tap]
            found[tap] = responses[:, y, x].copy()
        missing -= shown[best].keys()
    return found
