"""A small leaky network that takes events, as a bundle, and recordings for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import sparse

from convert.bundle import save_bundle
from convert.network import (
    Convolution,
    Input,
    Network,
    Neuron,
    Projection,
    Readout,
    Sparse,
    TimeCourse,
    event_source,
)
from convert.report import ConversionReport
from tests.builders.populations import population

STEPS, SHAPE, CLASSES = 40, (6, 5, 2), 3


def event_network() -> Network:
    """events 6 x 5 x 2 -> 4 x 3 x 4 by a kernel -> 3 neurons -> 3 classes; both layers leak."""
    rng = np.random.default_rng(11)
    source, projection = event_source(SHAPE)
    leaky = Neuron(floor=-2.0, leak=0.25)
    layers = (
        replace(population("layer", (4, 3, 4)), neuron=leaky),
        replace(population("classes", (1, 1, CLASSES)), neuron=leaky),
    )
    projections = (
        projection,
        Projection(source.name, "layer", Convolution(rng.normal(0.15, 0.3, (3, 3, 2, 4)), (1, 1), "valid")),
        Projection("layer", "classes", Sparse(sparse.csr_array(rng.normal(0.05, 0.4, (CLASSES, 48))))),
        Projection("classes", "out", Sparse(sparse.csr_array(np.eye(CLASSES)))),
    )
    readout = Readout("out", (1, 1, CLASSES), np.zeros((1, 1, CLASSES)))
    given = Input(SHAPE, TimeCourse.EVENTS)
    return Network(given, (source, *layers), projections, (readout,), timesteps=STEPS)


def event_bundle(folder: Path) -> Path:
    """The network in ``folder``/events.bundle."""
    network = event_network()
    rates = {p.name: np.full(p.shape, 80.0, np.float32) for p in network.populations}
    report = ConversionReport(input_shape=SHAPE, dt_s=network.dt_s, timesteps=network.timesteps, task="classification")
    save_bundle(folder / "events.bundle", network, rates, report)
    return folder / "events.bundle"


def listed_events(recordings: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Recordings of 30 to 60 ms as lists, with a class each."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(60, 200, recordings)
    times = [np.sort(rng.integers(0, rng.integers(30_000, 60_000), n)) + 7_000 for n in sizes]
    total = int(sizes.sum())
    rows, columns, polarities = SHAPE
    return {
        "t_us": np.concatenate(times).astype(np.uint32),
        "x": rng.integers(0, columns, total).astype(np.uint8),
        "y": rng.integers(0, rows, total).astype(np.uint8),
        "p": rng.integers(0, polarities, total).astype(np.uint8),
        "start": np.cumsum([0, *sizes]),
        "label": rng.integers(0, CLASSES, recordings),
    }
