"""Pixels of an event sensor: each tells when the logarithm of its light has gone up or down by a threshold."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from convert.data.events.recording import Recording

DARK = 0.02
"""Light that is there in the darkest pixel, where the brightest has 1: no logarithm of zero."""


def events_of(
    frames: Iterable[NDArray[np.float64]], microseconds: NDArray[np.float64], thresholds: NDArray[np.float64]
) -> Recording:
    """The events while ``frames`` (rows, columns), light from 0 to 1, follow each other at ``microseconds``.

    ``thresholds``, of a frame's shape, are in units of the natural logarithm. Light is taken to change steadily from
    frame to frame; a pixel that passes several thresholds tells each. In order of time.
    """
    found: list[tuple[NDArray[np.generic], ...]] = []
    before: NDArray[np.float64] | None = None
    told = np.zeros(0)
    for number, frame in enumerate(frames):
        light = np.log(DARK + (1 - DARK) * frame)
        if before is None:
            before, told = light, light.copy()
            continue
        change = light - told
        passed = np.floor(np.abs(change) / thresholds).astype(int) * (light != before)  # rounding passes nothing
        for nth in range(1, int(passed.max(initial=0)) + 1):
            y, x = np.nonzero(passed >= nth)
            level = told[y, x] + np.sign(change[y, x]) * nth * thresholds[y, x]
            share = (level - before[y, x]) / (light[y, x] - before[y, x])
            begin, end = microseconds[number - 1], microseconds[number]
            found.append((begin + np.clip(share, 0, 1) * (end - begin), x, y, change[y, x] > 0))
        told = told + np.sign(change) * passed * thresholds
        before = light
    if not found:
        return Recording(*(np.zeros(0, np.int64) for _ in range(4)))
    t, x, y, p = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((x, y, t))
    return Recording(*(values[order].astype(np.int64) for values in (t, x, y, p)))
