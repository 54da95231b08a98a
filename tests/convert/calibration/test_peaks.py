"""The 95th percentile of each neuron's rate over images, kept from batch to batch."""

from __future__ import annotations

import numpy as np
import pytest

import convert
from convert.bundle import load_network
from convert.calibration.activity import measure_activity
from convert.calibration.peaks import kept, largest
from convert.frontends.keras.cut import cut_at_relus
from convert.frontends.keras.load import load_model


@pytest.mark.parametrize("count", [1, 2, 6, 19, 20, 21, 22, 40, 41, 101, 128, 300])
def test_it_is_the_percentile_of_numpy(count):
    values = np.random.default_rng(count).gamma(1.0, 1.0, (count, 3, 4, 2)).astype(np.float32)
    values *= np.random.default_rng(0).random((3, 4, 2)) < 0.8
    top = None
    for batch in np.array_split(values, -(-count // 8)):
        top = largest(top, batch, kept(count))
        assert len(top) <= kept(count)
    assert top is not None
    assert (top.min(axis=0) == np.percentile(values, 95, axis=0, method="lower")).all()


def test_as_many_are_kept_as_numpy_counts():
    for count in range(1, 3000):
        order = np.arange(count, dtype=np.float64)
        assert order[count - kept(count)] == np.percentile(order, 95, method="lower")


def test_every_population_has_its_own():
    images = np.random.default_rng(3).random((50, 6)).astype(np.float32)
    shapes = {"a": (1, 1, 6), "b": (1, 2, 3)}
    found = measure_activity(
        lambda batch, training: [batch, 1 - batch], shapes, np.array_split(images, 7), len(images), percentile=99.0
    )
    for name, values in (("a", images), ("b", 1 - images)):
        expected = np.percentile(values, 95, axis=0, method="lower")
        assert (found[name].peak == expected.reshape(shapes[name])).all()
        assert np.allclose(found[name].mean.ravel(), values.mean(axis=0))


def test_the_bundle_has_them_beside_the_means(tiny):
    bundle = tiny / "tiny.bundle"
    means, peaks = convert.load_rates(bundle), convert.load_peak_rates(bundle)
    assert peaks is not None
    assert peaks.keys() == means.keys()
    network = load_network(bundle)
    images = np.load(tiny / "data.npz")["x"].astype(np.float32)
    cut = cut_at_relus(load_model(bundle / "model.keras"))
    names = [segment.target for segment in cut.segments if not segment.is_readout]
    for name, values in zip(names, cut.activities(images, training=False), strict=True):
        population = network.population(name)
        second = np.sort(np.asarray(values), axis=0)[-2].reshape(population.shape) * population.scale_hz
        assert np.allclose(peaks[population.name], second, rtol=1e-4, atol=1e-3)


def test_a_bundle_may_lack_them(tiny_bundle):
    (tiny_bundle / "rates_p95.npz").unlink()
    assert convert.load_peak_rates(tiny_bundle) is None
