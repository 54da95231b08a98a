"""What is exported comes back: the same network by the metadata, the same spikes by the nodes alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from scipy import sparse

from convert.bundle import save_bundle
from convert.calibration.simulate import simulated
from convert.export.api import ExportOptions, export_model
from convert.frontends.nir.assumed import Assumed
from convert.frontends.nir.network import network_of
from convert.frontends.nir.own import Own, own_network
from convert.frontends.nir.reading import read_graph
from convert.network import (
    Convolution,
    ConvolutionTranspose,
    Input,
    Network,
    Neuron,
    Projection,
    Readout,
    Sparse,
    TimeCourse,
    event_source,
)
from convert.network.archive.writing import as_text, described
from convert.report import ConversionReport
from tests.builders.event_bundle import event_network
from tests.builders.following import following_case
from tests.builders.image_networks import chain
from tests.builders.populations import population
from tests.builders.random_networks import random_case, with_events, with_loops

STEPS = 40


def bundled(network: Network, folder: Path) -> Path:
    """A bundle of ``network`` with random rates."""
    rng = np.random.default_rng(0)
    rates = {p.name: np.float32(rng.uniform(0, 90, p.shape)) for p in network.populations}
    report = ConversionReport(
        input_shape=network.input.shape, dt_s=network.dt_s, timesteps=network.timesteps, task="regression"
    )
    save_bundle(folder / "a.bundle", network, rates, report, peak_rates_hz={n: 2 * r for n, r in rates.items()})
    return folder / "a.bundle"


def exported(network: Network, folder: Path, dt: float | None = None) -> Path:
    export_model(bundled(network, folder), folder / "a.nir", ExportOptions(dt))
    return folder / "a.nir"


def require_same(one: Network, other: Network) -> None:
    """Every number, name and order of both, as they are stored."""
    (text, arrays), (wanted, others) = described(one), described(other)
    assert as_text(text) == as_text(wanted)
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        assert array.dtype == others[name].dtype
        np.testing.assert_array_equal(array, others[name], name)


def came_back(path: Path) -> Own:
    found = own_network(read_graph(path))
    assert isinstance(found, Own), found
    return found


def images() -> Network:
    """An image on the host, three layers with biases, an output of all pixels."""
    network = chain()
    output = Projection("p3", "out", Convolution(np.random.default_rng(1).normal(size=(1, 1, 4, 4)) / 1000))
    return network.with_(projections=(*network.projections, output))


def undriven() -> Network:
    """A layer that only its bias drives."""
    network = images()
    alone = population("alone", (6, 6, 4), bias_hz=300.0)
    first, *others = network.populations
    projection = Projection("alone", "p2", Convolution(np.full((1, 1, 4, 4), 0.1)))
    return network.with_(populations=(first, alone, *others), projections=(*network.projections, projection))


def u_net() -> Network:
    """events 8 x 12 x 2 -> 8 x 12 -> 4 x 6 -> transposed, with a skip, to 8 x 12 -> transposed to 16 x 24 -> out."""
    rng = np.random.default_rng(4)
    source, projection = event_source((8, 12, 2))
    shapes = {"down": (8, 12, 3), "deep": (4, 6, 5), "up": (8, 12, 4), "wide": (16, 24, 2), "last": (16, 24, 3)}
    layers = tuple(replace(population(n, s), neuron=Neuron(floor=-3.0, leak=0.1)) for n, s in shapes.items())
    projections = (
        projection,
        Projection(source.name, "down", Convolution(rng.normal(0.1, 0.3, (3, 3, 2, 3)))),
        Projection("down", "deep", Convolution(rng.normal(0.05, 0.3, (3, 3, 3, 5)), (2, 2))),
        Projection("deep", "up", ConvolutionTranspose(rng.normal(0.1, 0.4, (2, 2, 5, 4)), (2, 2))),
        Projection("down", "up", Convolution(rng.normal(0.05, 0.2, (3, 3, 3, 4)))),
        Projection("up", "wide", ConvolutionTranspose(rng.normal(0.1, 0.4, (3, 3, 4, 2)), (2, 2))),
        Projection("wide", "last", Convolution(rng.normal(0.15, 0.3, (3, 3, 2, 3)))),
        Projection("last", "out", Convolution(np.eye(3)[None, None] * 0.001)),
    )
    readout = Readout("out", (16, 24, 3), np.zeros((16, 24, 3)))
    given = Input((8, 12, 2), TimeCourse.EVENTS)
    return Network(given, (source, *layers), projections, (readout,), timesteps=STEPS)


def sequence() -> Network:
    """A network of sequences, with a filter, and a shortcut of one factor for each neuron."""
    rng = np.random.default_rng(6)
    source, projection = event_source((1, 20, 2))
    layers = (
        replace(population("a", (1, 20, 3)), neuron=Neuron(floor=-3.0)),
        replace(population("b", (1, 20, 3)), neuron=Neuron(floor=-3.0, leak=0.2), synapse_s=0.003),
        replace(population("c", (1, 1, 4)), neuron=Neuron(floor=-3.0), bias_hz=np.full((1, 1, 4), 60.0)),
    )
    factors = sparse.csr_array(sparse.diags_array(rng.uniform(0.1, 0.5, 60)))
    projections = (
        projection,
        Projection(source.name, "a", Convolution(rng.normal(0.2, 0.3, (1, 3, 2, 3)))),
        Projection("a", "b", Convolution(rng.normal(0.2, 0.3, (1, 3, 3, 3)))),
        Projection("a", "b", Sparse(factors)),
        Projection("b", "c", Sparse(sparse.csr_array(rng.normal(0.05, 0.2, (4, 60))))),
        Projection("c", "out", Sparse(sparse.csr_array(np.eye(4) / 1000))),
    )
    given = Input((1, 20, 2), TimeCourse.EVENTS)
    return Network(
        given, (source, *layers), projections, (Readout("out", (1, 1, 4), np.zeros((1, 1, 4))),), timesteps=9
    )


def recurrent() -> Network:
    """``u_net`` whose deep layer drives itself, and whose later ones drive those before them."""
    rng, network = np.random.default_rng(7), u_net()
    back = (
        Projection("deep", "deep", Convolution(rng.normal(0.0, 0.2, (3, 3, 5, 5)))),
        Projection("up", "down", Convolution(rng.normal(0.0, 0.2, (3, 3, 4, 3)))),
    )
    return network.with_(projections=(*network.projections, *back))


NETWORKS = {
    "recurrent": recurrent,
    "images on the host, biases": images,
    "a layer that only its bias drives": undriven,
    "events, leak": event_network,
    "transposed convolutions": u_net,
    "a sequence": sequence,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_network_comes_back(name: str, tmp_path: Path) -> None:
    network = NETWORKS[name]()
    own = came_back(exported(network, tmp_path))
    require_same(own.network, network)
    assert own.mean_hz.keys() == own.peak_hz.keys() == {p.name for p in network.populations}
    assert own.report.task == "regression"


@pytest.mark.parametrize("seed", range(12))
def test_any_network_comes_back(seed: int, tmp_path: Path) -> None:
    """Kernels of any size, crops, matrices, leaks, filters, biases by neuron."""
    random = Random(seed)
    case = random_case(random, crops=True, leaky=True)
    case = with_events(case, random) if seed % 3 == 0 else case
    network = (with_loops(case, random) if seed % 2 == 0 else case).network
    require_same(came_back(exported(network, tmp_path)).network, network)


def test_what_starts_and_clears_layers_comes_back(tmp_path: Path) -> None:
    network = following_case(Random(3)).network
    require_same(came_back(exported(network, tmp_path)).network, network)


def spikes_of(network: Network, events: np.ndarray) -> dict[str, np.ndarray]:
    """Of every population in floating point, shape (steps, *shape)."""
    arrival = {p.name: 0 for p in network.populations}
    return {
        p.name: trains.of(0).reshape(-1, *p.shape)
        for p, trains in simulated(network, arrival, events.astype(np.float32))
    }


@pytest.mark.parametrize("name", ["events, leak", "transposed convolutions", "a sequence", "recurrent"])
def test_nodes_alone_give_the_same_spikes(name: str, tmp_path: Path) -> None:
    """As any NIR file: pixels that are channels of one lie elsewhere, and fire alike."""
    network = NETWORKS[name]().with_(timesteps=STEPS)
    found = network_of(read_graph(exported(network, tmp_path)), Assumed(floor=-3.0), STEPS).network
    events = np.random.default_rng(2).random((1, STEPS, *network.input.shape)) < 0.3
    fired, wanted = spikes_of(found, events), spikes_of(network, events)
    assert fired.keys() == wanted.keys()
    for layer, spikes in wanted.items():
        assert spikes.any(), layer
        assert fired[layer].shape[1:] == unrolled(spikes, fired[layer].shape[1:]).shape[1:]
        assert (fired[layer] != unrolled(spikes, fired[layer].shape[1:])).mean() < 0.002, layer


def unrolled(spikes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Blocks of pixels as channels, in the order of torch's PixelShuffle."""
    steps, rows, columns, channels = spikes.shape
    high, wide = rows // shape[0], columns // shape[1]
    blocks = spikes.reshape(steps, shape[0], high, shape[1], wide, channels)
    return blocks.transpose(0, 1, 3, 5, 2, 4).reshape(steps, shape[0], shape[1], channels * high * wide)
