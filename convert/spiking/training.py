"""The training itself, and what its network does with recordings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from convert.calibration.firing_rates import FiringRates
from convert.data.dataset import Dataset
from convert.data.evaluate import score
from convert.frontends.original import Images
from convert.network import Network
from convert.options import Progress
from convert.report import Metrics
from convert.training.recipes.stbp import stbp_from_scratch
from convert.training.recipes.surrogates import SURROGATES
from convert.training.scratch.recordings import Variation, batches_per_epoch, recording_batches
from convert.training.scratch.starting import lively
from convert.training.wave.batch import firing_rates, read_out
from convert.training.wave.event_engine import AT_ONCE, EventEngine, passes
from convert.training.wave.layers import wave_layers
from convert.training.wave.schedule import Wave
from convert.training.wave.training import train_wave
from convert.upstream.types import Values

from .train_options import TrainOptions

LOOKED_AT = 128
"""Recordings by which weights are scaled at first, and firing rates told at the end."""


def trained(network: Network, data: Dataset, options: TrainOptions, kept: Path | None, progress: Progress) -> Wave:
    """``network`` trained on the recordings of ``data``; ``kept`` has what is done of it."""
    count = options.epochs * batches_per_epoch(data, options.batch)
    recipe = stbp_from_scratch(
        count, SURROGATES[options.surrogate], penalty=options.spike_penalty, learning_rate=options.learning_rate
    )
    variation = Variation(options.shift, options.delay, options.drop)

    def batches(first: int) -> Iterator[tuple[Images, Values]]:
        return recording_batches(data, options.batch, variation, seed=options.seed, first=first)

    start = Wave(lively(network, looked_at(data)), options.steps, {})
    with progress("training through the steps", count) as advance:
        return train_wave(start, batches, None, recipe, seed=options.seed, kept=kept, advance=advance)


def looked_at(data: Dataset) -> Images:
    """Some recordings, evenly drawn."""
    count = min(LOOKED_AT, len(data))
    return np.stack([data.image(i * len(data) // count) for i in range(count)])


def firing_of(wave: Wave, data: Dataset) -> FiringRates:
    """How often neurons fire on some of ``data``."""
    return firing_rates(wave, looked_at(data))


def metrics_of(wave: Wave, data: Dataset, progress: Progress) -> Metrics:
    """Of the outputs by the spikes that the chip fires, on all of ``data``."""
    layers, engine, outputs = wave_layers(wave, {}), EventEngine(), []
    with progress("measuring", len(data)) as advance:
        for recordings, _ in data.batches(AT_ONCE):
            _, found = read_out(wave, layers, passes(wave, layers, recordings, engine))
            outputs.append(found.reshape(len(recordings), -1))
            advance(len(recordings))
    return score(data.task, np.concatenate(outputs), [data.label(i) for i in range(len(data))])
