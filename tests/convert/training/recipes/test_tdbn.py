"""A start by threshold-dependent batch normalization."""

from __future__ import annotations

import numpy as np

from convert.calibration.simulate import drive_hz
from convert.network import INPUT
from convert.training.recipes.tdbn import drive_spreads, tdbn_wave
from tests.builders.image_networks import images
from tests.builders.taught_waves import STEPS, Teacher, loud_network


class Original(Teacher):
    """What the network computes, in its own units."""

    def drives(self, images):
        rates = self._rates(images)
        return {p.name: np.float32(drive_hz(self.network, p, rates) / p.scale_hz) for p in self.network.populations}


def test_folded_is_unfolded():
    """Of each layer, at the inputs that it gets: a threshold times its normalized drive, whose mean stays."""
    network, shown = loud_network(), images(16)
    original = Original(network)
    spreads = drive_spreads(original, shown)
    wave = tdbn_wave(network, STEPS, spreads)
    rates = {INPUT: shown}
    for p in wave.network.populations:
        exact = p if p.on_chip else network.population(p.name)  # without what rounds the host's counts
        rates[p.name] = np.maximum(drive_hz(wave.network, exact, rates), 0)
    for p in network.chip_populations:
        x = original.drives(shown)[p.name].astype(np.float64)
        mean = x.mean(axis=(0, 1, 2))
        variance = np.mean((x - mean) ** 2)
        unfolded = (x - mean) / np.sqrt(variance) + mean / np.sqrt(variance)
        folded = drive_hz(wave.network, wave.network.population(p.name), rates) * network.dt_s
        np.testing.assert_allclose(folded, unfolded, atol=1e-5 * np.abs(unfolded).max())
        assert np.isclose(np.sqrt(np.mean((folded - folded.mean(axis=(0, 1, 2))) ** 2)), 1, rtol=1e-4)
