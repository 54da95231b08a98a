"""Windows of steps, readout steps, and the outputs that the host computes from counts."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from convert.errors import UserError
from convert.network import INPUT, Convolution, Input, Network, Projection, Readout, Sparse, require_timesteps
from deploy.runs.windows import readout_steps, windows_at
from deploy.targets.readout import outputs_of
from deploy.targets.registry import window_counts
from tests.builders.one_neuron import chain
from tests.builders.populations import population


def test_window_counts_by_hand():
    spikes = np.array([[1, 0], [1, 1], [0, 1], [1, 0]], bool)
    np.testing.assert_array_equal(window_counts(spikes, [(0, 4), (1, 3), (2, 2)]), [[3, 2], [1, 2], [0, 0]])


def test_windows_are_the_last_third_after_the_first_spikes():
    network, _ = chain(0.6)
    assert windows_at(network, [1, 2, 8, 32, 96]) == [(0, 1), (1, 2), (1, 8), (16, 32), (64, 96)]
    populations = tuple(population(f"p{i}", (1, 1, 1), on_chip=i > 0, scale_hz=1.0) for i in range(7))
    names = (INPUT, *(p.name for p in populations), "out")
    deep = replace(
        network,
        populations=populations,
        projections=tuple(Projection(a, b, Sparse(sparse.csr_array([[1.0]]))) for a, b in itertools.pairwise(names)),
    )
    assert windows_at(deep, [4, 8, 32]) == [(3, 4), (6, 8), (16, 32)]
    assert windows_at(deep, [4, 8, 32], 0.25) == [(3, 4), (6, 8), (24, 32)]
    assert windows_at(deep, [4, 8, 32], 1.0) == [(3, 4), (6, 8), (6, 32)]
    require_timesteps(deep.with_(timesteps=7))
    with pytest.raises(UserError, match=r"^6 timesteps end before a spike has passed the 6 layers"):
        require_timesteps(deep.with_(timesteps=6))


def test_of_an_image_that_is_shown_for_a_while_every_spike_counts():
    network, _ = chain(0.6)
    host, *chip = network.populations
    shown = network.with_(populations=(replace(host, end_step=6), *chip), timesteps=7)
    assert windows_at(shown, [1, 2, 4, 7]) == [(0, 1), (1, 2), (1, 4), (1, 7)]
    require_timesteps(shown)
    with pytest.raises(UserError, match=r"^8 timesteps go on after the image, which is shown for 6, has .*steps 7$"):
        require_timesteps(shown.with_(timesteps=8))


@pytest.mark.parametrize(
    ("timesteps", "every", "expected"),
    [(32, 8, [8, 16, 24, 32]), (30, 8, [8, 16, 24, 30]), (3, 1, [1, 2, 3]), (1, 4, [1])],
)
def test_readouts_end_with_the_last_step(timesteps, every, expected):
    assert readout_steps(timesteps, every) == expected


@pytest.mark.parametrize(
    ("activation", "function"),
    [
        ("linear", lambda v: v),
        ("sigmoid", lambda v: 1 / (1 + np.exp(-v))),
        ("softmax", lambda v: np.exp(v) / np.exp(v).sum(axis=-1, keepdims=True)),
    ],
)
def test_dense_readout_by_hand(activation, function):
    network, _ = chain(0.6)
    readout = Readout("out", (1, 1, 2), np.array([[[0.5, -1.0]]]), activation)
    projections = (
        Projection("host", "out", Sparse(sparse.csr_array([[0.01], [0.0]]))),
        Projection("chip", "out", Sparse(sparse.csr_array([[0.002], [0.004]]))),
    )
    network = replace(network, readouts=(readout,), projections=projections)
    counts = {"host": np.array([[4], [1]]), "chip": np.array([[10], [5]])}
    found = outputs_of(network, readout, counts, [(0, 20), (15, 20)])
    # rates: host 4 / 20 ms = 200 Hz, 1 / 5 ms = 200 Hz; chip 10 / 20 ms = 500 Hz, 5 / 5 ms = 1000 Hz
    values = np.array([[0.5 + 2 + 1, -1 + 2], [0.5 + 2 + 2, -1 + 4]])
    np.testing.assert_allclose(found, function(values), rtol=1e-6)


def test_convolutional_readout_by_hand():
    shape = (2, 3, 1)
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(1, 1, 1, 2))
    bias = rng.normal(size=(2, 3, 2))
    source = population("p", shape, scale_hz=1.0)
    readout = Readout("out", (2, 3, 2), bias)
    network = Network(Input(shape), (source,), (Projection("p", "out", Convolution(kernel)),), (readout,))
    counts = rng.integers(0, 9, (1, 6))
    found = outputs_of(network, readout, {"p": counts}, [(2, 10)])
    np.testing.assert_allclose(found[0], counts.reshape(2, 3, 1) / 0.008 * kernel[0, 0, 0] + bias, rtol=1e-5)
