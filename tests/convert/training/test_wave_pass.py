"""A wave's forward pass against the exact emulator, its gradient against TensorFlow's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from convert.network import Neuron
from convert.training.wave.kernels import ARCTAN, RECTANGLE, TRIANGLE, Kernel, Surrogate
from convert.training.wave.layers import wave_layers
from convert.training.wave.schedule import Wave, busy_steps
from convert.training.wave.simulate import Wanted, gradient, pass_image
from deploy.emulator import compile_network, run
from deploy.emulator.integers import KernelIntegers, discretize
from partition.result import Block, Partition
from tests.builders.boards import row_of_chips
from tests.builders.tiled_networks import every_link

STEPS = 6


def random_wave(seed: int) -> Wave:
    """Every kind of link, weights that keep all layers firing, biases and pulses."""
    rng = np.random.default_rng(seed)
    network = every_link()
    populations = tuple(
        replace(p, bias_hz=rng.normal(80, 60, p.shape), neuron=Neuron(floor=-1.5)) if p.on_chip else p
        for p in network.populations
    )
    sizes = {"p1": 0.2, "p2": 0.12, "p3": 0.1, "p4": 0.1}
    projections = tuple(
        replace(p, transform=p.transform.scaled(sizes[p.target])) if p.target in sizes else p
        for p in network.projections
    )
    network = network.with_(populations=populations, projections=projections)
    pulses = {p.name: rng.uniform(0, 0.5, p.shape) for p in network.chip_populations}
    return Wave(network, STEPS, pulses)


def whole(network) -> Partition:
    """Every chip population in one block."""
    chip = network.chip_populations
    blocks = tuple(Block(p.name, tuple((0, n) for n in p.shape), 0, i) for i, p in enumerate(chip))
    return Partition(row_of_chips(1), {p.name: p.shape for p in chip}, blocks)


def drives(wave: Wave, seed: int, images: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.3, 0.9, (images, *wave.network.population("p0").shape))


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


def tensorflow_gradient(wave, layers, passed, surrogate, goals):
    """The gradient of sum(goals * spikes), unrolled step by step in TensorFlow on matrices, in float64."""
    from convert.upstream.tensorflow import load_tensorflow

    tf = load_tensorflow()
    network, busy = wave.network, wave.busy

    @tf.custom_gradient
    def spike(v):
        d = tf.abs(v - 1) / surrogate.width
        shapes = {
            TRIANGLE: tf.maximum(1 - d, 0.0),
            RECTANGLE: tf.cast(d < 1, tf.float64),
            ARCTAN: 1 / (1 + (np.pi / 2 * d) ** 2),
        }
        return tf.cast(v > 1, tf.float64), lambda g: g * surrogate.height * shapes[surrogate.kind]

    matrices, biases, pulses = {}, {}, {}
    for layer in layers:
        for link in layer.links:
            p = network.projections[link.place]
            integers = p.transform.with_weights(np.float64(link.reach.weights) / layer.neurons.threshold)
            matrix = integers.as_matrix(network.shape_of(p.source), network.shape_of(p.target)).toarray()
            matrices[link.place] = tf.Variable(matrix)
        biases[layer.name] = tf.Variable(np.float64(layer.neurons.bias) / layer.neurons.threshold)
        pulses[layer.name] = tf.Variable(np.float64(layer.neurons.pulse) / layer.neurons.threshold)
    given = np.zeros((busy["p0"].steps, network.population("p0").neurons))
    fired = passed.fired["p0"]
    given[np.repeat(np.arange(len(given)), np.diff(fired.pointer)), fired.neurons] = 1
    loss = 0.0
    with tf.GradientTape() as tape:
        spikes = {("p0", t): tf.constant(row) for t, row in enumerate(given)}
        for layer in layers:
            v = u = tf.zeros(int(np.prod(layer.shape)), tf.float64)
            floor, unit = layer.neurons.floor / layer.neurons.threshold, 64 * layer.neurons.threshold
            for t in range(layer.busy.first, layer.busy.stop):
                u = tf.stop_gradient(tf.math.sign(u) * tf.floor(tf.abs(u) * unit / 4096 + 1e-6) / unit)
                for link in layer.links:
                    if (link.source, t - 1) in spikes:
                        u = u + tf.linalg.matvec(matrices[link.place], spikes[link.source, t - 1])
                if t >= layer.busy.start:
                    u = u + biases[layer.name]
                if t == layer.busy.start:
                    u = u + pulses[layer.name]
                v = tf.maximum(v + u, floor + 1e-9)
                spikes[layer.name, t] = spike(v)
                v = v * tf.stop_gradient(1 - spikes[layer.name, t])
                goal = goals[layer.name]
                loss += tf.reduce_sum(np.float64(goal.by_count) * spikes[layer.name, t])
                if t >= layer.busy.start:
                    loss += tf.reduce_sum(np.float64(goal.in_window) * spikes[layer.name, t])
    return spikes, tape.gradient(loss, (matrices, biases, pulses))


@pytest.mark.parametrize(
    "surrogate", [Surrogate(TRIANGLE, 1.0, 0.5), Surrogate(RECTANGLE, 0.5, 1.0), Surrogate(ARCTAN, 1.0, 1.0)]
)
def test_the_gradient_is_that_of_an_unrolled_graph(surrogate):
    wave = random_wave(1)
    layers = wave_layers(wave, {})
    passed = pass_image(layers, {"p0": drives(wave, 1)[0]}, STEPS)
    rng = np.random.default_rng(0)
    goals = {
        layer.name: Wanted(*(rng.normal(size=int(np.prod(layer.shape))).astype(np.float32) for _ in range(2)))
        for layer in layers
    }
    spikes, (matrices, biases, pulses) = tensorflow_gradient(wave, layers, passed, surrogate, goals)
    found = gradient(layers, [(passed, goals)], surrogate)
    for layer in layers:
        total = sum(spikes[layer.name, t].numpy() for t in range(layer.busy.first, layer.busy.stop))
        np.testing.assert_array_equal(passed.counts(layer), total, layer.name)
        np.testing.assert_allclose(found.biases[layer.name], biases[layer.name], rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(found.pulses[layer.name], pulses[layer.name], rtol=1e-4, atol=1e-4)
        for link in layer.links:
            projection = wave.network.projections[link.place]
            shapes = wave.network.shape_of(projection.source), wave.network.shape_of(projection.target)
            number = np.arange(1.0, projection.transform.weights.size + 1).reshape(projection.transform.weights.shape)
            places = projection.transform.with_weights(number).as_matrix(*shapes).tocoo()
            expected = np.zeros(number.size)
            np.add.at(expected, places.data.astype(int) - 1, matrices[link.place].numpy()[places.coords])
            difference = np.abs(found.weights[link.place].ravel() - expected).max()
            assert difference < 1e-5 * np.abs(expected).max(), (link.source, layer.name)
