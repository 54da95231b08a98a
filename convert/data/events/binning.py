"""Events into time steps: what a network of so many pixels and channels gets in each step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError
from convert.network import Shape

from .recording import Recording

Frames = NDArray[np.uint8]
"""Events of each pixel and channel in each step, shape (steps, rows, columns, channels)."""

MOST_IN_A_STEP = 255


@dataclass(frozen=True)
class Binning:
    """``steps`` of ``dt_s`` each from ``start_s`` after a recording's first event on.

    Several events of one pixel and channel in a step are as many if ``counted``, else one.
    """

    dt_s: float
    steps: int
    start_s: float = 0.0
    counted: bool = False


@dataclass(frozen=True)
class Lost:
    """Of ``events`` in recordings, those ``beyond`` the steps, and those ``merged`` with another of their pixel."""

    events: int
    beyond: int
    merged: int

    def __add__(self, other: Lost) -> Lost:
        return Lost(self.events + other.events, self.beyond + other.beyond, self.merged + other.merged)


def binned(recording: Recording, shape: Shape, binning: Binning, name: str) -> tuple[Frames, Lost]:
    """The events of ``recording`` in the steps of ``binning``, and what is lost.

    A network with two channels gets a polarity in each, one with one channel both in that. Raises ``UserError`` for
    pixels outside ``shape``.
    """
    rows, columns, channels = shape
    _require_inside(recording, shape, name)
    step = _steps(recording, binning)
    inside = (step >= 0) & (step < binning.steps)
    channel = recording.p if channels == 2 else np.zeros_like(recording.p)
    size = (binning.steps, rows, columns, channels)
    where = (step[inside].astype(np.int64), recording.y[inside], recording.x[inside], channel[inside])
    counts = np.bincount(np.ravel_multi_index(where, size), minlength=int(np.prod(size))).reshape(size)
    frames = np.minimum(counts, MOST_IN_A_STEP if binning.counted else 1).astype(np.uint8)
    kept = int(inside.sum())
    return frames, Lost(len(recording), len(recording) - kept, kept - int(frames.sum(dtype=np.int64)))


def steps_of(recording: Recording, binning: Binning) -> int:
    """The steps from the start of ``binning`` to the last event."""
    return max(0, int(_steps(recording, binning).max(initial=-1)) + 1)


def _steps(recording: Recording, binning: Binning) -> NDArray[np.float64]:
    """The step of each event; below 0 before the start."""
    first_us = recording.t_us.min(initial=np.iinfo(np.int64).max)
    seconds = (recording.t_us - first_us) * 1e-6
    return np.asarray(np.floor(seconds / binning.dt_s - binning.start_s / binning.dt_s + 1e-9))


def _require_inside(recording: Recording, shape: Shape, name: str) -> None:
    rows, columns, channels = shape
    if channels > 2:
        raise UserError(
            f"{name}: events have two polarities, and the network takes {channels} channels; save them as an array x "
            "of shape (recordings, steps, rows, columns, channels)"
        )
    outside = (recording.x < 0) | (recording.x >= columns) | (recording.y < 0) | (recording.y >= rows)
    if outside.any():
        raise UserError(
            f"{name}: {int(outside.sum())} of {len(recording)} events lie outside the {rows} x {columns} pixels of the "
            f"network (largest row {recording.y.max()}, column {recording.x.max()}); crop or scale the recordings"
        )
