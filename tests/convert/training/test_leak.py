"""Leaky neurons, and events, in training: the spikes are the emulator's, the gradient an unrolled graph's."""

from __future__ import annotations

import numpy as np
import pytest

from convert.training.recipes.surrogates import SURROGATES
from convert.training.wave.event_engine import EventEngine
from convert.training.wave.layers import wave_layers
from convert.training.wave.simulate import gradient, pass_image
from deploy.emulator import compile_network, run
from tests.builders.event_bundle import STEPS
from tests.builders.event_waves import event_wave, recordings
from tests.builders.waves import drives, random_goals, random_wave, rasters, stored, tensorflow_gradient, whole


@pytest.mark.parametrize("leak", [0.05, 0.25, 0.7])
@pytest.mark.parametrize("seed", range(2))
def test_every_spike_of_leaky_neurons_is_the_emulators(seed, leak):
    wave = random_wave(seed, leak)
    per_step = drives(wave, seed)
    layers = wave_layers(wave, {})
    passed = [pass_image(layers, {"p0": drive}, wave.steps) for drive in per_step]
    assert differing(wave, {"p0": per_step.reshape(3, -1) / wave.network.dt_s}, passed) == 0


def test_every_spike_on_events_is_the_emulators():
    wave, shown = event_wave(), recordings(4)
    layers = wave_layers(wave, {})
    passed = EventEngine().passed(layers, {"events": shown}, wave.steps, [None] * 4)
    assert differing(wave, {"events": shown.reshape(4, STEPS, -1)}, passed) == 0


def differing(wave, given, passed) -> int:
    """Spikes that are fired here or by the emulator only; there are many in all."""
    network, images = wave.delivered(), len(passed)
    program, count, names = compile_network(network, whole(network)), 0, list(passed[0].fired)
    constant = {p.name: np.tile(p.bias_hz.ravel(), (images, 1)) for p in network.populations if not p.on_chip}
    given = constant | given
    for mine, result in zip(passed, run(program, given, record=names), strict=True):
        for name, ours in rasters(wave, mine, network.timesteps).items():
            theirs = result.spikes[name].raster(program.layer(name))
            assert 0.01 < theirs.mean() < 0.9, name
            count += int((ours != theirs).sum())
    return count


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_the_gradient_through_leaks_is_that_of_an_unrolled_graph(surrogate):
    wave = random_wave(1, leak=0.3)
    layers = wave_layers(wave, {})
    passed = pass_image(layers, {"p0": drives(wave, 1)[0]}, wave.steps)
    goals = random_goals(layers)
    spikes, _, (matrices, biases, _, _) = tensorflow_gradient(wave, layers, passed, SURROGATES[surrogate], goals)
    found = gradient(layers, [(passed, goals)], SURROGATES[surrogate])
    for layer in layers:
        total = sum(spikes[layer.name, t].numpy() for t in range(layer.busy.first, layer.busy.stop))
        np.testing.assert_array_equal(passed.counts(layer), total, layer.name)
        np.testing.assert_allclose(found.biases[layer.name], biases[layer.name], rtol=1e-4, atol=1e-4)
        for link in layer.links:
            expected = stored(wave, link, matrices[link.place])
            assert np.abs(found.weights[link.place].ravel() - expected).max() < 1e-5 * np.abs(expected).max()
