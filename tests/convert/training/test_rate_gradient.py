"""The gradients of rates and of single steps with noise, against TensorFlow's on the same spikes."""

from __future__ import annotations

import numpy as np
import pytest

from convert.training.rate_loss import LOWEST
from convert.training.recipes.weight_sharing import of_positive
from convert.training.wave.aim import RateBounds
from convert.training.wave.kernels import ARCTAN, TRIANGLE, Surrogate
from convert.training.wave.layers import wave_layers
from convert.training.wave.one_step import Noise, all_at_once, in_one_step
from convert.training.wave.rate_bounds import rate_gradients
from convert.training.wave.rate_gradient import all_spikes, rate_gradient
from convert.training.wave.schedule import ROUNDED
from convert.training.wave.simulate import gradient, pass_image
from convert.upstream.tensorflow import load_tensorflow
from tests.builders.waves import STEPS, drives, random_goals, random_wave, spike_of, stored, variables


def of_rates(wave, layers, passed, goals, *, masked, local):
    """The gradient of sum(goals x counts) by TensorFlow, counts those that were fired, derivatives of a ReLU."""
    tf = load_tensorflow()
    matrices, biases, pulses = variables(wave, layers)
    total, false, active = 0.0, {}, {}
    with tf.GradientTape() as tape:
        given = {"p0": tf.constant(np.bincount(passed.fired["p0"].neurons, minlength=216).astype(float))}
        for layer in layers:
            z = STEPS * biases[layer.name] + pulses[layer.name]
            for link in layer.links:
                source = given[link.source]
                z += tf.linalg.matvec(matrices[link.place], tf.stop_gradient(source) if local else source)
            count = np.float64(passed.counts(layer))
            positive = z.numpy() > 0
            handed_on = count * positive if masked else count
            given[layer.name] = tf.nn.relu(z) + tf.stop_gradient(handed_on - tf.nn.relu(z))
            goal = goals[layer.name]
            total += tf.reduce_sum(np.float64(goal.by_count + goal.in_window) * given[layer.name])
            false[layer.name], active[layer.name] = np.sum((count > 0) & ~positive), np.sum(count > 0)
    return tape.gradient(total, (matrices, biases, pulses)), false, active


def same(wave, layers, found, expected):
    """Whether both gradients agree to 1e-5 of the largest."""
    matrices, biases, pulses = expected
    for layer in layers:
        pairs = [(found.biases[layer.name], biases[layer.name]), (found.pulses[layer.name], pulses[layer.name])]
        pairs += [(found.weights[k.place].ravel(), stored(wave, k, matrices[k.place])) for k in layer.links]
        for ours, theirs in pairs:
            largest = np.abs(theirs).max()
            assert largest > 0
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * largest)


@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize("seen", [all_spikes, of_positive])
def test_the_gradient_of_rates_is_that_of_rectified_layers_at_the_counts(seen, local):
    wave = random_wave(1)
    layers = wave_layers(wave, {})
    passed, goals = pass_image(layers, {"p0": drives(wave, 1)[0]}, STEPS), random_goals(layers)
    expected, false, active = of_rates(wave, layers, passed, goals, masked=seen is of_positive, local=local)
    found = rate_gradient(layers, [(passed, goals)], local=local, seen=seen)
    same(wave, layers, found, expected)
    for layer in layers:
        np.testing.assert_array_equal(found.noticed[layer.name], [false[layer.name], active[layer.name]])
    assert sum(false.values()) > 0


@pytest.mark.parametrize("surrogate", [Surrogate(TRIANGLE, 1.0, 0.5), Surrogate(ARCTAN, 0.5, 1.0)])
def test_a_single_step_fires_by_its_drive_and_noise_and_has_the_gradient_of_that(surrogate):
    tf, wave, deviation = load_tensorflow(), random_wave(3), 0.3
    layers, drive = all_at_once(wave_layers(wave, {})), drives(wave, 3)[0]
    noise = Noise(deviation, np.random.default_rng(7))
    passed, goals = pass_image(layers, {"p0": drive}, 1, noise=noise), random_goals(layers)
    matrices, biases, pulses = variables(wave, layers)
    random, spike, total = np.random.default_rng(7), spike_of(surrogate), 0.0
    with tf.GradientTape() as tape:
        spikes = {"p0": tf.constant(np.float64(drive + random.random(drive.shape) >= 1).ravel())}
        for layer in layers:
            u = biases[layer.name] + pulses[layer.name]
            u += deviation * random.standard_normal(u.shape[0], np.float32).astype(float)
            for link in layer.links:
                u += tf.linalg.matvec(matrices[link.place], spikes[link.source])
            spikes[layer.name] = spike(tf.maximum(u, layer.neurons.floor / layer.neurons.threshold))
            goal = goals[layer.name]
            total += tf.reduce_sum(np.float64(goal.by_count + goal.in_window) * spikes[layer.name])
    for layer in layers:
        np.testing.assert_array_equal(passed.counts(layer), spikes[layer.name])
        assert 0.02 < passed.counts(layer).mean() < 0.95
    same(wave, layers, gradient(layers, [(passed, goals)], surrogate), tape.gradient(total, (matrices, biases, pulses)))


def test_a_host_neuron_fires_in_one_step_as_often_as_its_drive_says():
    wave = in_one_step(random_wave(0))
    assert wave.steps == 1
    host = random_wave(0).network.population("p0")
    lower = wave.network.population("p0").bias_hz
    np.testing.assert_allclose((host.bias_hz - lower) * wave.network.dt_s, ROUNDED / STEPS)
    drive, layers = np.full((8, 9, 3), 0.3), all_at_once(wave_layers(wave, {}))
    fired = [
        len(pass_image(layers, {"p0": drive}, 1, noise=Noise(0.0, np.random.default_rng(seed))).fired["p0"].neurons)
        for seed in range(50)
    ]
    assert np.mean(fired) / drive.size == pytest.approx(0.3, abs=0.02)


def test_the_rate_loss_pulls_at_the_percentile_of_channels_that_are_out_of_bounds():
    wave, bounds = random_wave(0), RateBounds(0.5, 90.0, 0.5)
    layers = wave_layers(wave, {})
    passed = [pass_image(layers, {"p0": drive}, STEPS) for drive in drives(wave, 0)]
    found, moved = rate_gradients(wave, layers, passed, bounds), 0
    for layer in layers:
        counts = np.stack([p.counts(layer, in_window=True) for p in passed]).reshape(-1, layer.shape[2])
        above = max(1, int(np.ceil(np.float32(len(counts) * (1 - 90 / 100)))))
        p = np.sort(counts, axis=0)[-above] / (STEPS * 0.5)
        slope = np.maximum(p - 1, 0) - np.maximum(LOWEST - p, 0)
        of_channels = found[layer.name].reshape(-1, layer.shape[2]).sum(axis=0)
        np.testing.assert_allclose(of_channels, 0.5 * slope / (STEPS * 0.5), rtol=1e-5, atol=1e-7)
        moved += np.count_nonzero(slope)
    assert moved > 3
