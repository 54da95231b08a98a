"""What is partitioned: bundles and what their neurons fire on other images, and a network for four times the pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import sparse

from convert.bundle import load_network, load_rates, load_report
from convert.data.crops import crop_positions, cut
from convert.data.dataset import open_data
from convert.network import Network, Population, Projection, Shape, Sparse
from deploy.emulator import compile_network, drives_hz, run
from partition.result import read_partition

Rates = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Subject:
    """A network, the rates that its partition is planned with and those that its traffic is counted with, in Hz."""

    name: str
    network: Network
    planned_hz: Rates
    counted_hz: Rates


def of_bundle(name: str, bundle: Path, data: Path, images: int) -> Subject:
    """A partitioned bundle: planned with its calibration, counted on ``images`` inputs spread evenly over ``data``."""
    network = load_network(bundle)
    rasters = fired(network, bundle, data, images)
    return Subject(name, network, load_rates(bundle), {key: value.mean(axis=0) for key, value in rasters.items()})


def fired(network: Network, bundle: Path, data: Path, images: int) -> dict[str, np.ndarray]:
    """Rates of every population for each input, shape (images, *population), by the exact emulation."""
    program = compile_network(network, read_partition(bundle / "partition.json"))
    names = [layer.name for layer in program.layers]
    results = run(program, drives_hz(network, inputs(network, bundle, data, images)), record=names)
    rates: dict[str, np.ndarray] = {}
    for layer in program.layers:
        spikes = np.array([result.spikes[layer.name].raster(layer).sum(axis=0) for result in results])
        rates[layer.name] = (spikes / (network.timesteps * network.dt_s)).reshape(-1, *layer.shape)
    return rates


def inputs(network: Network, bundle: Path, data: Path, images: int) -> np.ndarray:
    """Test inputs spread evenly over the images of ``data``, crops of larger ones spread evenly over each."""
    shape = network.readouts[0].shape
    target = shape[2:] if shape[:2] == (1, 1) else shape
    dataset = open_data(data, input_shape=network.input.shape, target_shape=target, task=load_report(bundle).task)
    found = []
    for number in range(images):
        image = dataset.image(number * len(dataset) // images)
        crops = cut(image, crop_positions(image.shape[:2], network.input.shape[:2], 0), network.input.shape[:2])
        found.append(crops[number * 7 % len(crops)])
    return np.stack(found)


def doubled(subject: Subject, rates_hz: Rates) -> Subject:
    """The same convolutions on twice as many rows and columns, each quarter with the rates of another input.

    ``rates_hz`` has those of four inputs or more, shape (inputs, *population).
    """
    planned = {p.name: twice(np.reshape(subject.planned_hz[p.name], p.shape)) for p in subject.network.populations}
    counted = {name: quarters(values[:4]) for name, values in rates_hz.items()}
    size = 2 * subject.network.input.shape[0]
    return Subject(f"{subject.name}, {size} x {size}", larger(subject.network), planned, counted)


def larger(network: Network) -> Network:
    """The network for twice as many rows and columns; single neurons, which only start biases, stay single."""

    def population(old: Population) -> Population:
        bias = twice(old.bias_hz.reshape(old.shape))
        return replace(old, shape=shape_of(bias), bias_hz=bias)

    def projection(old: Projection) -> Projection:
        if not isinstance(old.transform, Sparse):
            return old
        assert network.shape_of(old.source) == (1, 1, 1), "only sources of biases may reach every neuron"
        weights = twice(old.transform.matrix.toarray().reshape(network.shape_of(old.target)))
        return replace(old, transform=Sparse(sparse.csr_array(weights.reshape(-1, 1))))

    rows, columns, channels = network.input.shape
    biases = [twice(np.broadcast_to(readout.bias, readout.shape)) for readout in network.readouts]
    return replace(
        network,
        input=replace(network.input, shape=(2 * rows, 2 * columns, channels)),
        populations=tuple(population(p) for p in network.populations),
        projections=tuple(projection(p) for p in network.projections),
        readouts=tuple(
            replace(readout, shape=shape_of(bias), bias=bias)
            for readout, bias in zip(network.readouts, biases, strict=True)
        ),
    )


def twice(values: np.ndarray) -> np.ndarray:
    """Four copies of an image side by side; a single pixel stays one."""
    return values if values.shape[:2] == (1, 1) else np.tile(values, (2, 2, 1))


def quarters(values: np.ndarray) -> np.ndarray:
    """Four images, shape (4, rows, columns, channels), side by side; of single pixels the mean."""
    if values.shape[1:3] == (1, 1):
        return np.asarray(values.mean(axis=0))
    first, second, third, fourth = values
    return np.vstack([np.hstack([first, second]), np.hstack([third, fourth])])


def shape_of(values: np.ndarray) -> Shape:
    rows, columns, channels = values.shape
    return rows, columns, channels
