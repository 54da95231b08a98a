"""Networks that come from Nengo: recurrent, leaky, decoded; and what is refused."""

from __future__ import annotations

import warnings

import nengo
import numpy as np
import pytest

from convert.errors import UserError
from convert.upstream.nengo_loihi import load_nengo_loihi
from deploy.emulator import flatten_model, run_model
from deploy.emulator.host_side import host_spikes

STEPS = 150


def both(net: nengo.Network) -> tuple[object, np.ndarray, np.ndarray]:
    """Spikes and voltages of nengo_loihi's emulator, and the fast run of the same model."""
    loihi = load_nengo_loihi()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with loihi.Simulator(net, target="sim", precompute=True, seed=0) as sim:
            flat = flatten_model(sim.model)
            given = host_spikes(sim, STEPS)
        with loihi.Simulator(net, target="sim", precompute=True, seed=0) as sim:
            emulator, spikes, voltages = sim.sims["emulator"], [], []
            sim.sims["host_pre"].run_steps(STEPS)
            sim._runner._host2chip(emulator)
            for _ in range(STEPS):
                emulator.step()
                spikes.append(emulator.compartment.spiked.copy())
                voltages.append(emulator.compartment.voltage.copy())
    return run_model(flat, given, STEPS, voltages=True), np.array(spikes), np.array(voltages)


def leaky_and_recurrent() -> nengo.Network:
    with nengo.Network(seed=1) as net:
        stimulus = nengo.Node(lambda t: np.sin(12 * t))
        a = nengo.Ensemble(60, 1, neuron_type=nengo.LIF(tau_ref=0.003), max_rates=nengo.dists.Uniform(80, 120))
        b = nengo.Ensemble(50, 2, neuron_type=nengo.LIF(tau_rc=0.01), max_rates=nengo.dists.Uniform(80, 120))
        nengo.Connection(stimulus, a)
        nengo.Connection(a, b, transform=[[1.0], [0.0]], synapse=0.01)
        nengo.Connection(b, b, transform=[[0.9, -0.4], [0.4, 0.9]], synapse=0.05)
        nengo.Connection(a.neurons, b.neurons, transform=nengo.dists.Gaussian(0, 1e-3))
    return net


def convolutions() -> nengo.Network:
    with nengo.Network(seed=2) as net:
        stimulus = nengo.Node(lambda t: np.cos(20 * t) * np.linspace(-1, 1, 25))
        host = nengo.Ensemble(
            25, 1, neuron_type=nengo.SpikingRectifiedLinear(), gain=np.full(25, 200.0), bias=np.full(25, 80.0)
        )
        load_nengo_loihi().add_params(net)
        net.config[host].on_chip = False
        nengo.Connection(stimulus, host.neurons, synapse=None)
        transform = nengo.Convolution(4, (5, 5, 1), strides=(1, 1), padding="same")
        layer = nengo.Ensemble(100, 1, neuron_type=nengo.LIF(), gain=np.full(100, 3.0), bias=np.full(100, 0.5))
        nengo.Connection(host.neurons, layer.neurons, transform=transform, synapse=0.002)
        net.config[layer].block_shape = load_nengo_loihi().BlockShape((2, 5, 2), (5, 5, 4))
    return net


@pytest.mark.parametrize("make", [leaky_and_recurrent, convolutions])
def test_any_model_is_identical(make) -> None:
    got, spikes, voltages = both(make())
    assert spikes.any()
    np.testing.assert_array_equal(got.spikes, spikes)
    np.testing.assert_array_equal(got.voltages, voltages)


def test_a_run_may_be_cut_anywhere() -> None:
    loihi = load_nengo_loihi()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with loihi.Simulator(leaky_and_recurrent(), target="sim", precompute=True) as sim:
            flat, given = flatten_model(sim.model), host_spikes(sim, 60)
    whole = run_model(flat, given, 60)
    first = run_model(flat, [g[:25] for g in given], 25)
    second = run_model(flat, [g[25:] for g in given], 35, state=first.state)
    np.testing.assert_array_equal(np.concatenate([first.spikes, second.spikes]), whole.spikes)
    assert first.synops + second.synops == whole.synops


def test_learning_and_float_models_are_refused() -> None:
    loihi = load_nengo_loihi()
    with nengo.Network(seed=0) as net:
        stimulus, error = nengo.Node(0.5), nengo.Node(size_in=1)
        a, b = nengo.Ensemble(20, 1), nengo.Ensemble(20, 1)
        nengo.Connection(stimulus, a)
        learned = nengo.Connection(a, b, learning_rule_type=nengo.PES())
        nengo.Connection(error, learned.learning_rule)
    model = loihi.builder.Model()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.build(net, discretize=True)
    with pytest.raises(UserError, match="learn"):
        flatten_model(model)
    model = loihi.builder.Model()
    model.build(convolutions(), discretize=False)
    with pytest.raises(UserError, match="not discretized"):
        flatten_model(model)


def test_noise_is_refused() -> None:
    loihi = load_nengo_loihi()
    model = loihi.builder.Model()
    model.build(convolutions(), discretize=True)
    next(iter(model.blocks)).compartment.enable_noise[:] = True
    with pytest.raises(UserError, match="noise"):
        flatten_model(model)


def test_inputs_of_the_wrong_shape_are_refused() -> None:
    model = load_nengo_loihi().builder.Model()
    model.build(convolutions(), discretize=True)
    with pytest.raises(UserError, match="takes 1 inputs"):
        run_model(flatten_model(model), [], 3)


def test_a_synapse_that_names_a_compartment_twice_is_refused() -> None:
    model = load_nengo_loihi().builder.Model()
    model.build(convolutions(), discretize=True)
    (synapse,) = next(iter(model.blocks)).synapses
    synapse.indices[0][0, 1] = synapse.indices[0][0, 0]
    with pytest.raises(UserError, match="reaches one of its compartments twice"):
        flatten_model(model)
