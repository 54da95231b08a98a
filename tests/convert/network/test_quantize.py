"""Weights of eight bits, beside what nengo_loihi's discretization makes of the same network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from convert.calibration.bias_onset import with_bias_onset
from convert.network import INPUT, Neuron, Projection, Sparse
from convert.network.quantize import LEVELS, chip_neuron, with_8bit_weights
from convert.network.rescale import with_gains
from deploy.emulator.integers import discretize
from tests.builders.image_networks import chain


def test_weights_are_those_of_a_core_that_holds_the_whole_layer():
    network = chain(layers=2, bias_hz=0.0)
    rounded = with_8bit_weights(network)
    integers = discretize(network, {p.name: p.shape for p in network.chip_populations})
    for source, name in (("p0", "p1"), ("p1", "p2")):
        (plain,), (eight,) = network.into(name), rounded.into(name)
        ((_, link),) = integers[name].links
        on_core = link.kernels[0] / integers[name].vth.flat[0]
        step = np.abs(plain.transform.kernel).max() / LEVELS
        assert eight.source == source
        assert np.abs(eight.transform.kernel - plain.transform.kernel).max() <= step / 2 * (1 + 1e-9)
        assert np.abs(eight.transform.kernel - on_core).max() <= step
        assert len(np.unique(eight.transform.kernel)) < plain.transform.kernel.size


def test_biases_share_the_scale_of_weights():
    network = chain(layers=1)
    large = replace(network.population("p1"), bias_hz=np.full((6, 6, 4), 900.0))
    network = network.with_(populations=(network.population("p0"), large))
    step = 0.9 / LEVELS  # a clock's spike brings 0.9 thresholds in each step of 1 ms
    before = with_8bit_weights(network)
    after = with_8bit_weights(with_bias_onset(network, {"p1": 3}))
    for kernel in (n.into("p1")[0].transform.kernel for n in (before, after)):
        assert np.allclose(kernel / step, np.round(kernel / step))
    assert np.allclose(after.into("p1")[1].transform.matrix.data, 0.9)


@pytest.mark.parametrize("floor", [-0.3, -1.0, -2.0, -4.0])
@pytest.mark.parametrize("gain", [0.7, 1.0, 1.3])
def test_a_floor_is_that_of_a_core_that_holds_the_whole_layer(floor, gain):
    network = chain(layers=2, bias_hz=0.0)
    populations = tuple(replace(p, neuron=Neuron(floor=floor)) if p.on_chip else p for p in network.populations)
    network = with_gains(network.with_(populations=populations), {"p1": np.full(4, gain), "p2": np.full(4, gain)})
    integers = discretize(network, {p.name: p.shape for p in network.chip_populations})
    for name in ("p1", "p2"):
        on_core = integers[name].vmin.flat[0] / integers[name].vth.flat[0]
        assert chip_neuron(network, name).floor == pytest.approx(on_core, rel=1e-3)
        assert 2**-0.51 < on_core / floor < 2**0.51


def test_what_meets_the_image_and_what_is_zero_stays():
    network = chain(layers=1, bias_hz=0.0)
    silent = Projection("p0", "p1", Sparse(sparse.csr_array((144, 144))))
    network = network.with_(projections=(network.projections[0], silent))
    rounded = with_8bit_weights(network)
    assert rounded.into("p0")[0] is network.into("p0")[0]
    assert network.into("p0")[0].source == INPUT
    assert rounded.into("p1")[0].transform.matrix.nnz == 0
