"""Recordings one behind the other as a single stream, cut into windows of as many steps as a network runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError

from .binning import Binning, Frames, Lost

Framed = Callable[[int, Binning], tuple[Frames, Lost]]
"""The steps of a recording, and what is lost by them."""


@dataclass(frozen=True)
class Recordings:
    """``count`` recordings: their ``frames``, and how many ``steps`` each has from the binning's start to its end."""

    count: int
    frames: Framed
    steps: Callable[[int, Binning], int]


@dataclass(frozen=True)
class Windows:
    """The windows, as if each were a recording, and the recording to which most of its steps belong."""

    recordings: Recordings
    belongs: NDArray[np.int64]


def as_stream(given: Recordings, binning: Binning, name: str) -> Windows:
    """``given`` without a pause between them, in windows of ``binning.steps``; what is left at the end is dropped.

    Raises ``UserError`` for fewer steps than a window.
    """
    lengths = np.array([given.steps(i, binning) for i in range(given.count)], np.int64)
    ends = np.cumsum(lengths)
    starts = ends - lengths
    count = int(ends[-1]) // binning.steps
    if not count:
        raise UserError(
            f"{name}: all recordings have {ends[-1]:,} steps of {1000 * binning.dt_s:g} ms, and a window of the stream "
            f"{binning.steps}; use --timesteps {ends[-1]} or fewer"
        )

    def parts(window: int) -> list[tuple[int, int, int]]:
        """(recording, its first step, steps)."""
        low, high = window * binning.steps, (window + 1) * binning.steps
        first = int(np.searchsorted(ends, low, side="right"))
        last = int(np.searchsorted(starts, high, side="left"))
        cuts = [(i, max(low, int(starts[i])), min(high, int(ends[i]))) for i in range(first, last)]
        return [(i, a - int(starts[i]), b - a) for i, a, b in cuts if b > a]

    def frames(window: int, wanted: Binning) -> tuple[Frames, Lost]:
        found = [given.frames(i, _part(wanted, first, steps)) for i, first, steps in parts(window)]
        joined = np.concatenate([part for part, _ in found])
        merged = sum(lost.merged for _, lost in found)
        return joined, Lost(int(joined.sum(dtype=np.int64)) + merged, 0, merged)

    belongs = np.array([max(parts(w), key=lambda part: part[2])[0] for w in range(count)], np.int64)
    return Windows(Recordings(count, frames, lambda _, wanted: wanted.steps), belongs)


def _part(binning: Binning, first: int, steps: int) -> Binning:
    return replace(binning, steps=steps, start_s=binning.start_s + first * binning.dt_s)
