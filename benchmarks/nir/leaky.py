"""A small leaky network of events and recordings for it, to look at in other simulators.

    python -m benchmarks.nir.leaky FOLDER

Writes FOLDER/leaky.bundle, cut for one chip, and FOLDER/leaky.npz: 10 x 8 pixels, two layers, random weights.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy import sparse

from convert.bundle import save_bundle
from convert.network import (
    Convolution,
    Input,
    Network,
    Neuron,
    Population,
    Projection,
    Readout,
    Sparse,
    TimeCourse,
    event_source,
)
from convert.report import ConversionReport
from partition.cli import main as partition_model

SIZE, STEPS, CLASSES = (10, 8, 2), 100, 4


def network() -> Network:
    """Both layers lose a quarter of their voltage in a step."""
    rng = np.random.default_rng(7)
    source, given = event_source(SIZE)
    neuron = Neuron(floor=-8.0, leak=0.25)
    shapes = {"layer": (10, 8, 6), "classes": (1, 1, CLASSES)}
    layers = tuple(Population(n, "LIF", s, np.zeros(s), 1000.0, neuron=neuron) for n, s in shapes.items())
    projections = (
        given,
        Projection(source.name, "layer", Convolution(rng.normal(0.1, 0.3, (3, 3, 2, 6)))),
        Projection("layer", "classes", Sparse(sparse.csr_array(rng.normal(0.01, 0.1, (CLASSES, 480))))),
        Projection("classes", "output", Sparse(sparse.csr_array(np.eye(CLASSES) / 1000))),
    )
    readout = Readout("output", (1, 1, CLASSES), np.zeros((1, 1, CLASSES)))
    return Network(Input(SIZE, TimeCourse.EVENTS), (source, *layers), projections, (readout,), timesteps=STEPS)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    net = network()
    rates = {p.name: np.full(p.shape, 50.0, np.float32) for p in net.populations}
    report = ConversionReport(input_shape=SIZE, dt_s=net.dt_s, timesteps=STEPS, task="classification")
    save_bundle(folder / "leaky.bundle", net, rates, report, force=True)
    events = (np.random.default_rng(1).random((8, STEPS, *SIZE)) < 0.12).astype(np.uint8)
    np.savez_compressed(folder / "leaky.npz", x=events, y=np.arange(8) % CLASSES)
    partition_model([str(folder / "leaky.bundle"), "--seconds", "1"], standalone_mode=False)


if __name__ == "__main__":
    main()
