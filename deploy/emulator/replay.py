"""Events of a sensor, as the host sends them on to the chip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deploy.arrays import Int32, Int64

from .program import EventLayer
from .results import Spikes


def sent_on(layer: EventLayer, events: NDArray[np.generic], steps: int, arriving: Spikes) -> Spikes:
    """The spikes of ``layer`` in ``steps`` steps: ``events``, shape (steps, neurons), and none where these end.

    Several events of a neuron in one step are as many messages, each of which adds its weights. ``arriving`` was sent
    by the recording before in its last step.
    """
    given = np.asarray(events[:steps])
    strips, parts = [], []
    for strip, (low, high, _) in enumerate(layer.strips):
        carried = arriving.events[arriving.pointer[strip, 0] : arriving.pointer[strip, 1]]
        part = given[:, low * layer.row_length : high * layer.row_length].reshape(len(given), high - low, -1)
        number, own = _in_order(layer, part.astype(np.int64), int(low))
        counts = np.concatenate([[len(carried)], number, np.zeros(steps - len(given), np.int64)])
        strips.append(counts)
        parts += [carried, own]
    pointer = np.zeros((len(strips), steps + 2), np.int64)
    pointer[:, 1:] = np.cumsum(strips, axis=1)
    pointer += np.cumsum([0, *pointer[:-1, -1]])[:, None]
    return Spikes(np.concatenate(parts).astype(np.int32), pointer)


def _in_order(layer: EventLayer, counts: Int64, low: int) -> tuple[Int64, Int32]:
    """How many events each step has, and the events of ``counts`` (steps, rows, row length), ascending in each."""
    step, row, place = np.nonzero(counts)
    times = counts[step, row, place]
    event = np.repeat(((row + low) << layer.shift) | place, times).astype(np.int32)
    return np.bincount(np.repeat(step, times), minlength=len(counts)).astype(np.int64), event
