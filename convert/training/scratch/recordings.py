"""Recordings in batches, moved a little, so that a training sees each of them in many places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np

from convert.data.dataset import Dataset
from convert.data.labels import numbers_of
from convert.frontends.original import Images
from convert.upstream.types import Values


@dataclass(frozen=True)
class Variation:
    """Each recording is moved by up to ``shift`` pixels along rows and columns, by up to ``delay`` steps later or
    earlier, and each event is left out with probability ``drop``; what leaves the picture or the steps is gone."""

    shift: int = 0
    delay: int = 0
    drop: float = 0.0


def batches_per_epoch(dataset: Dataset, size: int) -> int:
    return ceil(len(dataset) / size)


def recording_batches(
    dataset: Dataset, size: int, variation: Variation, *, seed: int, first: int = 0
) -> Iterator[tuple[Images, Values]]:
    """Recordings (recordings, steps, rows, columns, channels) and their classes, ``size`` at a time without end.

    Each epoch has every recording once, in an order of its own; what is random about a batch follows from ``seed`` and
    the batch's number, of which ``first`` is the first.
    """
    number, per_epoch = first, batches_per_epoch(dataset, size)
    while True:
        epoch, within = divmod(number, per_epoch)
        order = np.random.default_rng((seed, epoch)).permutation(len(dataset))
        for batch in range(within, per_epoch):
            rng = np.random.default_rng((seed, epoch, batch))
            chosen = [int(i) for i in order[batch * size : (batch + 1) * size]]
            recordings = np.stack([varied(dataset.image(i), variation, rng) for i in chosen])
            yield recordings, np.asarray([numbers_of(dataset.label(i)) for i in chosen])
            number += 1


def varied(recording: Images, variation: Variation, rng: np.random.Generator) -> Images:
    """``recording`` (steps, rows, columns, channels) with what ``variation`` does to it, drawn from ``rng``."""
    for axis, most in enumerate((variation.delay, variation.shift, variation.shift)):
        most = min(most, recording.shape[axis] - 1)
        if most:
            recording = _moved(recording, int(rng.integers(-most, most + 1)), axis)
    if variation.drop:
        recording = recording * (rng.random(recording.shape, np.float32) >= variation.drop)
    return np.asarray(recording, np.float32)


def _moved(recording: Images, by: int, axis: int) -> Images:
    """Moved along ``axis``, with nothing where it came from."""
    size = recording.shape[axis]
    found = np.zeros_like(recording)
    here, there = [slice(None)] * recording.ndim, [slice(None)] * recording.ndim
    here[axis], there[axis] = slice(max(0, -by), size - max(0, by)), slice(max(0, by), size - max(0, -by))
    found[tuple(there)] = recording[tuple(here)]
    return found
