"""Waves through every kind of link, and what TensorFlow makes of their gradients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convert.network import Neuron
from convert.training.wave.kernels import ARCTAN, RECTANGLE, TRIANGLE
from convert.training.wave.schedule import Wave
from convert.training.wave.simulate import Wanted
from convert.upstream.tensorflow import load_tensorflow
from partition.result import Block, Partition
from tests.builders.boards import row_of_chips
from tests.builders.tiled_networks import every_link

STEPS = 6


def random_wave(seed: int, leak: float = 0.0) -> Wave:
    """Every kind of link, weights that keep all layers firing, biases and pulses."""
    rng = np.random.default_rng(seed)
    network = every_link()
    populations = tuple(
        replace(p, bias_hz=rng.normal(80, 60, p.shape), neuron=Neuron(floor=-1.5, leak=leak)) if p.on_chip else p
        for p in network.populations
    )
    sizes = {name: size * (1 + 4 * leak) for name, size in {"p1": 0.2, "p2": 0.12, "p3": 0.1, "p4": 0.1}.items()}
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


def rasters(wave: Wave, passed, timesteps: int) -> dict[str, np.ndarray]:
    """By population which neurons fire in which steps, (steps, neurons), of an image that has passed."""
    found = {}
    for name, fired in passed.fired.items():
        found[name] = np.zeros((timesteps, wave.network.population(name).neurons), bool)
        step = wave.busy[name].first + np.repeat(np.arange(len(fired.pointer) - 1), np.diff(fired.pointer))
        found[name][step, fired.neurons] = True
    return found


def random_goals(layers) -> dict[str, Wanted]:
    """Gradients of some loss with respect to all spikes, and to those in windows."""
    rng = np.random.default_rng(0)
    return {
        layer.name: Wanted(*(rng.normal(size=int(np.prod(layer.shape))).astype(np.float32) for _ in range(2)))
        for layer in layers
    }


def variables(wave, layers):
    """Matrices by place, biases and pulses by layer, all in thresholds and float64."""
    tf, network = load_tensorflow(), wave.network
    matrices, biases, pulses = {}, {}, {}
    for layer in layers:
        for link in layer.links:
            p = network.projections[link.place]
            integers = p.transform.with_weights(np.float64(link.reach.weights) / layer.neurons.threshold)
            matrix = integers.as_matrix(network.shape_of(p.source), network.shape_of(p.target)).toarray()
            matrices[link.place] = tf.Variable(matrix)
        biases[layer.name] = tf.Variable(np.float64(layer.neurons.bias) / layer.neurons.threshold)
        pulses[layer.name] = tf.Variable(np.float64(layer.neurons.pulse) / layer.neurons.threshold)
    return matrices, biases, pulses


def stored(wave, link, of_matrix) -> np.ndarray:
    """The gradient of the weights that a link's transform stores, from that of its matrix."""
    projection = wave.network.projections[link.place]
    shapes = wave.network.shape_of(projection.source), wave.network.shape_of(projection.target)
    number = np.arange(1.0, projection.transform.weights.size + 1).reshape(projection.transform.weights.shape)
    places = projection.transform.with_weights(number).as_matrix(*shapes).tocoo()
    expected = np.zeros(number.size)
    np.add.at(expected, places.data.astype(int) - 1, of_matrix.numpy()[places.coords])
    return expected


def spike_of(surrogate):
    """A spike as a function of the potential in thresholds."""
    tf = load_tensorflow()

    @tf.custom_gradient
    def spike(v):
        d = tf.abs(v - 1) / surrogate.width
        shapes = {
            TRIANGLE: tf.maximum(1 - d, 0.0),
            RECTANGLE: tf.cast(d < 1, tf.float64),
            ARCTAN: 1 / (1 + (np.pi / 2 * d) ** 2),
        }
        return tf.cast(v > 1, tf.float64), lambda g: g * surrogate.height * shapes[surrogate.kind]

    return spike


def tensorflow_gradient(wave, layers, passed, surrogate, goals):
    """The spikes, the matrices, and the gradient of sum(goals * spikes) with respect to matrices, biases, pulses and
    each channel's threshold, unrolled step by step in TensorFlow, in float64."""
    tf = load_tensorflow()
    busy = wave.busy

    spike = spike_of(surrogate)
    matrices, biases, pulses = variables(wave, layers)
    thresholds = {layer.name: tf.Variable(np.ones(layer.shape[2])) for layer in layers}
    given = np.zeros((busy["p0"].steps, wave.network.population("p0").neurons))
    fired = passed.fired["p0"]
    given[np.repeat(np.arange(len(given)), np.diff(fired.pointer)), fired.neurons] = 1
    loss = 0.0
    with tf.GradientTape() as tape:
        spikes = {("p0", t): tf.constant(row) for t, row in enumerate(given)}
        for layer in layers:
            v = u = tf.zeros(int(np.prod(layer.shape)), tf.float64)
            threshold = tf.tile(thresholds[layer.name], [v.shape[0] // layer.shape[2]])
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
                if layer.neurons.kept < 4096:
                    left = v * (layer.neurons.kept / 4096)
                    v = left + tf.stop_gradient(tf.sign(left) * tf.floor(tf.abs(left) * unit + 1e-6) / unit - left)
                v = tf.maximum(v + u, (floor + 1e-9) * threshold)
                spikes[layer.name, t] = spike(v / threshold)
                v = v * tf.stop_gradient(1 - spikes[layer.name, t])
                goal = goals[layer.name]
                loss += tf.reduce_sum(np.float64(goal.by_count) * spikes[layer.name, t])
                if t >= layer.busy.start:
                    loss += tf.reduce_sum(np.float64(goal.in_window) * spikes[layer.name, t])
    found = tape.gradient(loss, (matrices, biases, pulses, thresholds))
    return spikes, matrices, found
