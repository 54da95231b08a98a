"""Transposed convolutions, as NengoLoihi lays them out here, against nengo's own, for every shape that nengo allows."""

from __future__ import annotations

from itertools import product

import nengo
import numpy as np
import pytest

from convert.upstream.nengo_loihi import load_nengo_loihi
from convert.upstream.transposed_same import transposed_weights

CHANNELS, FILTERS = 2, 3
SIZES = [(3, 3, 2), (4, 2, 2), (4, 4, 2), (4, 3, 1), (5, 5, 2), (4, 5, 3), (4, 2, 3)]


def transform_of(size: int, kernel: int, stride: int, larger: int, last: bool, padding: str) -> object:
    """One whose output is ``larger`` pixels larger than nengo's default."""
    spatial = (size, size + 1)
    shape = None
    if larger:
        full = tuple((n - 1) * stride + 1 + larger for n in spatial)
        shape = nengo.transforms.ChannelShape((*full, FILTERS) if last else (FILTERS, *full), channels_last=last)
    return nengo.ConvolutionTranspose(
        n_filters=FILTERS,
        input_shape=nengo.transforms.ChannelShape(
            (*spatial, CHANNELS) if last else (CHANNELS, *spatial), channels_last=last
        ),
        output_shape=shape,
        kernel_size=(kernel, kernel),
        strides=(stride, stride),
        padding=padding,
        channels_last=last,
        init=np.random.RandomState(kernel).uniform(0.1, 1, (kernel, kernel, CHANNELS, FILTERS)),
    )


def as_nengo_computes(transform) -> np.ndarray:
    """Shape (sources, targets): what nengo adds for each source alone."""
    size = transform.input_shape.size
    with nengo.Network() as net:
        one_by_one = nengo.Node(nengo.processes.PresentInput(np.eye(size), 0.001))
        target = nengo.Node(size_in=transform.output_shape.size)
        nengo.Connection(one_by_one, target, transform=transform, synapse=None)
        probe = nengo.Probe(target)
    with nengo.Simulator(net, progress_bar=False) as sim:
        sim.run_steps(size)
    return sim.data[probe]


def as_loihi_adds(transform) -> np.ndarray:
    """The same from weights, indices and bases."""
    weights, indices, of_axon, base = transposed_weights(transform)
    pixels = len(base)
    matrix = np.zeros((transform.input_shape.size, transform.output_shape.size))
    for pixel, channel in product(range(pixels), range(CHANNELS)):
        if base[pixel] >= 0:
            source = pixel * CHANNELS + channel if transform.channels_last else channel * pixels + pixel
            targets = base[pixel] + indices[of_axon[pixel]][channel]
            assert len(set(targets)) == len(targets)
            matrix[source, targets] += weights[of_axon[pixel]][channel]
    return matrix


@pytest.mark.parametrize("last", [True, False], ids=["channels last", "channels first"])
@pytest.mark.parametrize(
    ("size", "kernel", "stride"), [(3, 3, 2), (4, 2, 2), (4, 4, 2), (4, 3, 1), (5, 5, 2), (4, 5, 3), (4, 2, 3)]
)
def test_every_shape_lies_where_nengo_has_it(size: int, kernel: int, stride: int, last: bool) -> None:
    for larger in range(stride):  # stride - 1 is Keras's shape
        transform = transform_of(size, kernel, stride, larger, last, "same")
        np.testing.assert_allclose(as_loihi_adds(transform), as_nengo_computes(transform), rtol=1e-6)
    transform = transform_of(size, kernel, stride, 0, last, "valid")
    np.testing.assert_allclose(as_loihi_adds(transform), as_nengo_computes(transform), rtol=1e-6)


@pytest.mark.parametrize("last", [True, False], ids=["channels last", "channels first"])
def test_a_network_with_nengos_default_shape_fires_as_in_nengo(last: bool) -> None:
    loihi = load_nengo_loihi()
    with nengo.Network(seed=0) as net:
        loihi.add_params(net)
        neurons = nengo.SpikingRectifiedLinear()
        a = nengo.Ensemble(9, 1, neuron_type=neurons, gain=np.ones(9), bias=np.arange(9) * 20.0)
        net.config[a].on_chip = False
        transform = nengo.ConvolutionTranspose(
            1,
            (3, 3, 1) if last else (1, 3, 3),
            kernel_size=(3, 3),
            strides=(2, 2),
            padding="same",
            channels_last=last,
            init=np.full((3, 3, 1, 1), 1.05),
        )
        b = nengo.Ensemble(25, 1, neuron_type=neurons, gain=np.ones(25), bias=np.zeros(25))
        nengo.Connection(a.neurons, b.neurons, transform=transform, synapse=None)
        probe = nengo.Probe(b.neurons)
    counts = []
    for simulator in (lambda: nengo.Simulator(net, progress_bar=False), lambda: loihi.Simulator(net, target="sim")):
        with simulator() as sim:
            sim.run(0.5)
            counts.append((sim.data[probe] > 0).sum(axis=0))
    assert counts[0].max() > 100
    np.testing.assert_allclose(counts[1], counts[0], rtol=0.1, atol=3)
