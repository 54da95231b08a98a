"""Thresholds that rise with the share of neurons which fire falsely."""

from __future__ import annotations

import numpy as np
import pytest

from convert.training.recipes.weight_sharing import EVERY, SHARE, after, start
from convert.training.wave.layers import wave_layers
from convert.training.wave.numbers import unrounded
from convert.training.wave.simulate import pass_image
from convert.training.wave.thresholds import THRESHOLD, before_thresholds, with_thresholds
from tests.builders.waves import STEPS, drives, random_wave


def test_a_threshold_rises_now_and_then_while_the_mean_share_is_above_a_tenth():
    beside, mean, threshold = start(["a", "b"]), 0.0, 1.0
    for batch in range(6 * EVERY):
        false = 0 if 2 * EVERY <= batch < 4 * EVERY else 30
        beside = after(beside, {"a": np.float32([false, 40]), "b": np.float32([0, 0])}, batch)
        mean = 0.9 * mean + 0.1 * false / 40
        assert float(beside[SHARE, "a"][0]) == pytest.approx(mean, rel=1e-4)
        if batch % EVERY == EVERY - 1:
            threshold += 0.1 if mean > 0.1 else 0.0
        assert float(beside[THRESHOLD, "a"][0]) == pytest.approx(threshold, rel=1e-5)
    assert threshold == pytest.approx(1.4)
    assert float(beside[THRESHOLD, "b"][0]) == 1.0


def test_a_layer_fires_as_its_neurons_would_with_another_threshold():
    """By the rule of one neuron, step by step, with the threshold itself raised, and its floor with it."""
    wave, raised = random_wave(4), {"p1": 1.7, "p2": 0.6}
    beside = {(THRESHOLD, name): np.float32([value]) for name, value in raised.items()}
    drive = drives(wave, 4)[0]
    given = wave_layers(wave, {}, unrounded)
    passed = pass_image(wave_layers(with_thresholds(wave, beside), {}, unrounded), {"p0": drive}, STEPS)
    for layer in given:
        brought = np.zeros((layer.busy.steps, int(np.prod(layer.shape))))
        for link in layer.links:
            p, fired = wave.network.projections[link.place], passed.fired[link.source]
            matrix = p.transform.as_matrix(wave.network.shape_of(p.source), layer.shape).toarray()
            for t in range(max(0, -link.lag), min(len(fired.pointer) - 1, len(brought) - link.lag)):
                for n in fired.neurons[fired.pointer[t] : fired.pointer[t + 1]]:
                    brought[t + link.lag] += matrix[:, n]
        threshold, v = np.float64(raised.get(layer.name, 1.0)), np.zeros(brought.shape[1])
        spikes = np.zeros(brought.shape[1])
        for t in range(len(brought)):
            v += brought[t]
            if t >= layer.neurons.start:
                v += wave.network.population(layer.name).bias_hz.ravel() * wave.network.dt_s
            if t == layer.neurons.start:
                v += wave.pulses[layer.name].ravel()
            v = np.maximum(v, -1.5 * threshold)
            spikes += v > threshold
            v[v > threshold] = 0
        assert np.mean(spikes == passed.counts(layer)) > 0.98  # the current keeps 1 / 4096 of the step before
        assert spikes.sum() > 20


def test_gradients_before_thresholds_are_smaller_by_them():
    wave = random_wave(0)
    place = next(i for i, p in enumerate(wave.network.projections) if p.target == "p2")
    gradients = {("weights", place): np.ones(3, np.float32), ("bias", "p1"): np.ones(2, np.float32)}
    found = before_thresholds(gradients, wave.network, {(THRESHOLD, "p2"): np.float32([4.0])})
    np.testing.assert_array_equal(found["weights", place], 0.25)
    np.testing.assert_array_equal(found["bias", "p1"], 1.0)
