"""A wave's forward pass against the exact emulator, its gradient against TensorFlow's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from convert.training.wave.kernels import ARCTAN, RECTANGLE, TRIANGLE, Kernel, Surrogate
from convert.training.wave.layers import wave_layers
from convert.training.wave.schedule import Wave, busy_steps
from convert.training.wave.simulate import gradient, pass_image
from deploy.emulator import compile_network, run
from deploy.emulator.integers import KernelIntegers, discretize
from tests.builders.tiled_networks import every_link
from tests.builders.waves import STEPS, drives, random_goals, random_wave, stored, tensorflow_gradient, whole


@pytest.mark.parametrize("seed", range(4))
def test_integers_are_those_of_a_core_with_all_channels(seed):
    wave = random_wave(seed)
    network = wave.delivered()
    found = discretize(network, {p.name: p.shape for p in network.chip_populations})
    for layer in wave_layers(wave, {}):
        integers = found[layer.name]
        assert (integers.vth == layer.neurons.threshold * 64).all()
        assert (integers.vmin == layer.neurons.floor * 64).all()
        by_source = {link.source: values for link, values in integers.links}
        for link in layer.links:
            values = by_source[link.source]
            expected = values.kernels[0] if isinstance(values, KernelIntegers) else values.weights
            np.testing.assert_array_equal(link.reach.weights * 64, expected)
        start = layer.busy.start
        np.testing.assert_array_equal(layer.neurons.bias * 64, by_source[f"bias@{start}"].weights)
        np.testing.assert_array_equal(layer.neurons.pulse * 64, by_source[f"pulse@{start}"].weights)


def test_rows_and_columns_may_be_cut_where_pixels_share_weights():
    """The integers of a core with all channels, wherever its pixels lie, if some of them take all taps."""
    wave = random_wave(0)
    populations = tuple(
        replace(p, bias_hz=np.broadcast_to(p.bias_hz[:1, :1], p.shape)) if p.on_chip else p
        for p in wave.network.populations
    )
    pulses = {name: np.broadcast_to(pulse[:1, :1], pulse.shape) for name, pulse in wave.pulses.items()}
    wave = Wave(wave.network.with_(populations=populations), STEPS, pulses)
    network, seen = wave.delivered(), 0
    assert all(p.whole_channels for p in network.chip_populations)
    tiles = {p.name: (-(-p.shape[0] // 2), -(-p.shape[1] // 2), p.shape[2]) for p in network.chip_populations}
    found = discretize(network, tiles)
    for layer in wave_layers(wave, {}):
        if all(isinstance(link.reach, Kernel) for link in layer.links):
            seen += 1
            integers = found[layer.name]
            assert (integers.vth == layer.neurons.threshold * 64).all()
            by_source = {link.source: values for link, values in integers.links}
            for link in layer.links:
                for kernel in by_source[link.source].kernels:
                    np.testing.assert_array_equal(link.reach.weights * 64, kernel)
    assert seen >= 2


@pytest.mark.parametrize("seed", range(4))
def test_every_spike_is_the_emulators(seed):
    wave = random_wave(seed)
    network = wave.delivered()
    program = compile_network(network, whole(network))
    layers, per_step = wave_layers(wave, {}), drives(wave, seed)
    given = {p.name: np.broadcast_to(p.bias_hz.ravel(), (3, p.neurons)) for p in network.populations if not p.on_chip}
    given["p0"] = per_step.reshape(3, -1) / network.dt_s
    names = [layer.name for layer in layers]
    for drive, result in zip(per_step, run(program, given, record=["p0", *names]), strict=True):
        passed = pass_image(layers, {"p0": drive}, STEPS)
        for name in ["p0", *names]:
            raster = result.spikes[name].raster(program.layer(name))
            busy = wave.busy[name]
            fired = passed.fired[name]
            steps = np.repeat(np.arange(busy.steps), np.diff(fired.pointer))
            ours = np.zeros_like(raster)
            ours[busy.first + steps, fired.neurons] = True
            np.testing.assert_array_equal(ours, raster, name)
            assert 0.02 < raster[busy.start : busy.stop].mean() < 0.9


def test_a_layer_is_busy_from_its_first_spike_to_the_end_of_its_window():
    busy = busy_steps(every_link(), STEPS)
    assert {name: (b.first, b.start, b.stop) for name, b in busy.items()} == {
        "p0": (0, 0, 6),
        "p1": (1, 1, 7),
        "p2": (2, 2, 8),
        "p3": (2, 3, 9),
        "p4": (2, 4, 10),
    }


@pytest.mark.parametrize(
    "surrogate", [Surrogate(TRIANGLE, 1.0, 0.5), Surrogate(RECTANGLE, 0.5, 1.0), Surrogate(ARCTAN, 1.0, 1.0)]
)
def test_the_gradient_is_that_of_an_unrolled_graph(surrogate):
    wave = random_wave(1)
    layers = wave_layers(wave, {})
    passed = pass_image(layers, {"p0": drives(wave, 1)[0]}, STEPS)
    goals = random_goals(layers)
    spikes, _, (matrices, biases, pulses, _) = tensorflow_gradient(wave, layers, passed, surrogate, goals)
    found = gradient(layers, [(passed, goals)], surrogate)
    for layer in layers:
        total = sum(spikes[layer.name, t].numpy() for t in range(layer.busy.first, layer.busy.stop))
        np.testing.assert_array_equal(passed.counts(layer), total, layer.name)
        np.testing.assert_allclose(found.biases[layer.name], biases[layer.name], rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(found.pulses[layer.name], pulses[layer.name], rtol=1e-4, atol=1e-4)
        for link in layer.links:
            expected = stored(wave, link, matrices[link.place])
            difference = np.abs(found.weights[link.place].ravel() - expected).max()
            assert difference < 1e-5 * np.abs(expected).max(), (link.source, layer.name)


def test_a_trained_threshold_would_learn_what_weights_bias_and_pulse_of_its_channel_learn_together():
    """A channel with threshold c and drive x is one with threshold 1 and drive x / c: so is the gradient."""
    wave = random_wave(2)
    layers, surrogate = wave_layers(wave, {}), Surrogate(TRIANGLE, 1.0, 0.5)
    passed, goals = pass_image(layers, {"p0": drives(wave, 2)[0]}, STEPS), random_goals(layers)
    _, matrices, (of_matrices, biases, pulses, thresholds) = tensorflow_gradient(wave, layers, passed, surrogate, goals)
    for layer in layers:
        total = biases[layer.name] * layer.neurons.bias + pulses[layer.name] * layer.neurons.pulse
        total = total / layer.neurons.threshold
        for link in layer.links:
            total = total + np.sum(matrices[link.place] * of_matrices[link.place], axis=1)
        of_channels = -total.numpy().reshape(-1, layer.shape[2]).sum(axis=0)
        largest = np.abs(of_channels).max()
        assert largest > 0.1
        np.testing.assert_allclose(thresholds[layer.name], of_channels, atol=2e-3 * largest)  # a current's rest is no x
