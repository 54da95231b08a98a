"""Rates of all neurons, from the spikes that calibration sees."""

from __future__ import annotations

import numpy as np
import pytest

import convert
from convert.calibration.firing_rates import FiringRates, measure_firing_rates
from convert.calibration.fit_layers import calibrate_spiking
from convert.calibration.spike_trains import SpikeTrains
from tests.builders.image_networks import chain, images
from tests.builders.populations import population


def test_the_mean_and_the_95th_percentile_are_those_of_each_neuron():
    spikes = np.random.default_rng(0).random((40, 25, 6)) < np.linspace(0.0, 0.9, 6)
    trains = SpikeTrains.silent(40, 25, 6)
    for k, train in enumerate(spikes):
        trains.set(k, train.astype(np.uint8))
    found = FiringRates().with_(population("a", (1, 2, 3)), trains, 0.001)
    rates_hz = np.float32(spikes.mean(axis=1, dtype=np.float32) / np.float32(0.001)).reshape(40, 1, 2, 3)
    assert np.allclose(found.mean_hz["a"], rates_hz.mean(axis=0), rtol=1e-6)
    assert (found.peak_hz["a"] == np.percentile(rates_hz, 95, axis=0, method="lower")).all()
    assert found.mean_hz["a"][0, 0, 0] == 0.0


def test_calibration_tells_the_rates_of_the_network_that_it_gives():
    network = chain(layers=3)
    made = calibrate_spiking(network, images(12))
    again = measure_firing_rates(made.network, made.arrival, images(12))
    assert list(made.rates.mean_hz) == [p.name for p in network.populations]
    for name, mean_hz in made.rates.mean_hz.items():
        assert mean_hz.shape == network.population(name).shape
        assert mean_hz.mean() == pytest.approx(again.mean_hz[name].mean(), rel=0.01)
        assert (made.rates.peak_hz[name] >= mean_hz * 0.5).all()


def test_the_bundle_has_both(tiny):
    bundle = tiny / "tiny.bundle"
    means, peaks = convert.load_rates(bundle), convert.load_peak_rates(bundle)
    assert peaks is not None
    network = convert.load_network(bundle)
    assert means.keys() == peaks.keys() == {p.name for p in network.populations}
    report = convert.load_report(bundle)
    for layer in report.layers:
        assert layer.mean_rate_hz == pytest.approx(float(means[layer.name].mean()), rel=1e-5)
        assert peaks[layer.name].mean() > means[layer.name].mean()


@pytest.mark.slow
def test_the_rates_are_those_that_the_chip_fires(tiny):
    """Exact integers on the images that calibration saw: each layer's mean is within 5 %, whatever the bits."""
    from deploy.emulator import compile_network, drives_hz, run
    from partition import read_partition

    bundle = tiny / "tiny.bundle"
    network, means = convert.load_network(bundle), convert.load_rates(bundle)
    program = compile_network(network, read_partition(bundle / "partition.json"))
    seen = np.load(tiny / "data.npz")["x"].astype(np.float32)
    results = run(program, drives_hz(network, seen), threads=1)
    for p in network.populations:
        fired_hz = np.mean([r.counts[p.name].spikes for r in results]) / (p.neurons * network.timesteps * network.dt_s)
        assert fired_hz == pytest.approx(float(means[p.name].mean()), rel=0.05)


def test_a_bundle_may_lack_the_percentiles(tiny_bundle):
    (tiny_bundle / "rates_p95.npz").unlink()
    assert convert.load_peak_rates(tiny_bundle) is None
