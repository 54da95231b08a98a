"""A small wave and the teacher of its training."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import numpy as np

from convert.calibration.simulate import drive_hz
from convert.network import INPUT
from convert.training.wave.event_engine import passes
from convert.training.wave.layers import wave_layers
from tests.builders.image_networks import images
from tests.builders.map_of_classes import map_of_classes, outputs

STEPS = 6


def loud_network():
    """Three chip populations and a 1x1 convolution to a map of four classes, driven harder than for many steps."""
    network = map_of_classes()
    scaled = [
        replace(p, transform=p.transform.scaled(1.5)) if p.target in ("p1", "p2", "p3") else p
        for p in network.projections
    ]
    return network.with_(projections=tuple(scaled))


class Teacher:
    """What the network gives without spikes."""

    def __init__(self, network):
        self.network = network

    def _rates(self, images):
        rates = {INPUT: images}
        for p in self.network.populations:
            rates[p.name] = np.maximum(drive_hz(self.network, p, rates), 0)
        return rates

    def activities(self, images):
        return {p.name: self._rates(images)[p.name] / np.float32(p.scale_hz) for p in self.network.populations}

    def logits(self, images):
        return [np.float32(outputs(self.network, self._rates(images)))]

    def lesson(self, images):
        return self.activities(images), self.logits(images)[0]


def error(wave, teacher, shown):
    """Mean square difference of the outputs from the teacher's."""
    layers = wave_layers(wave, {})
    counts = np.stack([p.counts(layers[-1], in_window=True) for p in passes(wave, layers, shown)])
    rates_hz = np.float32(counts.reshape(-1, 6, 6, 4) / (wave.steps * wave.network.dt_s))
    return float(np.mean((outputs(wave.network, {"p3": rates_hz}) - teacher.logits(shown)[0]) ** 2))


def batches(first):
    """Without labels that count."""
    return ((images(16, seed), None) for seed in count(first))


def same_wave(a, b):
    for p, q in zip(a.network.projections, b.network.projections, strict=True):
        np.testing.assert_array_equal(p.transform.weights, q.transform.weights)
    for p, q in zip(a.network.populations, b.network.populations, strict=True):
        np.testing.assert_array_equal(p.bias_hz, q.bias_hz)
    assert all(np.array_equal(a.pulses[name], b.pulses[name]) for name in a.pulses)
