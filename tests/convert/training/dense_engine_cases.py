"""Dense tensors beside the compiled loops: the same spikes and the same gradient, for every kind of link.

Run by ``test_dense_engine.py``, in a process of its own.
"""

from __future__ import annotations

import numpy as np
import pytest

from convert.training.recipes.surrogates import LOW_TRIANGLE, SURROGATES
from convert.training.wave.aim import Aim, Goals, RateBounds
from convert.training.wave.batch import BatchGradient, Examples
from convert.training.wave.dense_engine import DenseEngine
from convert.training.wave.event_engine import EventEngine
from convert.training.wave.layers import wave_layers
from convert.training.wave.one_step import Noise, all_at_once
from convert.training.wave.parameters import WaveParameters
from convert.training.wave.schedule import Wave
from convert.training.wave.simulate import ThroughSteps, Wanted
from tests.builders.event_waves import event_wave, recordings
from tests.builders.image_networks import images
from tests.builders.taught_waves import STEPS as TAUGHT_STEPS
from tests.builders.taught_waves import Teacher, loud_network
from tests.builders.waves import STEPS, drives, random_wave

IMAGES = 3


def goals(layers, seed=0):
    rng = np.random.default_rng(seed)

    def some(layer):
        return rng.normal(size=(IMAGES, int(np.prod(layer.shape)))).astype(np.float32)

    return {layer.name: Wanted(some(layer), some(layer)) for layer in layers}


def both(wave, layers, noise=None, steps=STEPS):
    per_step = {"p0": drives(wave, 5, IMAGES)}
    engines = EventEngine(), DenseEngine(wave.network)

    def noises():
        return [None if noise is None else Noise(noise, np.random.default_rng(k)) for k in range(IMAGES)]

    return [(engine, engine.passed(layers, per_step, steps, noises())) for engine in engines]


def same_spikes(layers, passed):
    for layer in layers:
        for in_window in (False, True):
            one, other = (
                np.stack([image.counts(layer, in_window=in_window) for image in images]) for _, images in passed
            )
            assert one.sum() > 0
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("local", [False, True], ids=["through layers", "local"])
@pytest.mark.parametrize("surrogate", SURROGATES)
def test_spikes_and_gradients_are_those_of_the_loops(surrogate, local):
    wave = random_wave(3)
    layers = wave_layers(wave, {})
    passed = both(wave, layers)
    same_spikes(layers, passed)
    backward = ThroughSteps(SURROGATES[surrogate], local)
    one, other = (engine.gradient(layers, images, goals(layers), backward) for engine, images in passed)
    for found, expected in ((other.weights, one.weights), (other.biases, one.biases), (other.pulses, one.pulses)):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            assert found[key].shape == value.shape
            np.testing.assert_allclose(found[key], value, rtol=1e-4, atol=1e-5 * np.abs(value).max())


def test_a_graph_serves_other_weights_and_noise_is_that_of_the_loops():
    engine, first = None, random_wave(3)
    for seed in (3, 4):
        wave = random_wave(seed)
        layers = all_at_once(wave_layers(wave, {}))
        (_, loops), (dense, tensors) = both(wave, layers, noise=0.3, steps=1)
        same_spikes(layers, [(None, loops), (None, tensors)])
        engine = engine or dense
        again = engine.passed(
            layers, {"p0": drives(wave, 5, IMAGES)}, 1, [Noise(0.3, np.random.default_rng(k)) for k in range(IMAGES)]
        )
        same_spikes(layers, [(None, loops), (None, again)])
    assert len(engine._graphs) == 1
    assert first.steps == STEPS


def test_a_batch_gives_the_same_by_both_engines():
    """With every goal that there is: the teacher's activities and outputs, labels, a penalty, bounds of rates."""
    network = loud_network()
    wave, teacher, shown = Wave(network, TAUGHT_STEPS, {}), Teacher(network), images(IMAGES, 1)
    labels = np.random.default_rng(1).integers(4, size=(IMAGES, 6, 6))
    given = Examples(shown, *teacher.lesson(shown), labels)
    aim = Aim(Goals(penalty=0.5, rates=RateBounds(0.1)), 0.2, ThroughSteps(LOW_TRIANGLE))
    found = []
    for dense in (None, DenseEngine(network)):
        of_batches = BatchGradient(WaveParameters(wave))
        of_batches.dense = dense
        found.append(of_batches.of(wave, wave_layers(wave, {}), given, aim))
    one, other = found
    assert (one.loss, one.agrees) == (other.loss, other.agrees)
    assert one.gradients.keys() == other.gradients.keys()
    for key, value in one.gradients.items():
        assert np.abs(value).max() > 0
        np.testing.assert_allclose(other.gradients[key], value, rtol=1e-3, atol=1e-4 * np.abs(value).max())


def test_dense_tensors_give_the_same_on_events():
    wave, shown = event_wave(), recordings(3)
    layers, noises = wave_layers(wave, {}), [None] * 3
    rng = np.random.default_rng(0)
    wanted = {
        layer.name: Wanted(*rng.normal(size=(2, 3, int(np.prod(layer.shape)))).astype(np.float32)) for layer in layers
    }
    backward, results = ThroughSteps(SURROGATES["triangle"]), []
    for engine in (EventEngine(), DenseEngine(wave.network)):
        passed = engine.passed(layers, {"events": shown}, wave.steps, noises)
        counts = np.concatenate([p.counts(layer) for p in passed for layer in layers])
        results.append((counts, engine.gradient(layers, passed, wanted, backward)))
    (counts, one), (others, other) = results
    np.testing.assert_array_equal(counts, others)
    assert counts.sum() > 100
    for place, value in one.weights.items():
        np.testing.assert_allclose(other.weights[place], value, rtol=1e-4, atol=1e-5 * np.abs(value).max())
