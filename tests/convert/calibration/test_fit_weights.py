"""Least squares with a ridge, where pixels are many and where they are few."""

from __future__ import annotations

import numpy as np
import pytest

from convert.calibration import fit_weights
from convert.calibration.fit_weights import RIDGES, _fit_of_few, _halves, _least_squares, _Seen


def seen(pixels, weights, channels=3):
    rng = np.random.default_rng(pixels)
    values = rng.random((pixels, weights)).astype(np.float32)
    true = rng.standard_normal((weights, channels)) / weights
    missed = (values @ true + 0.05 * rng.standard_normal((pixels, channels))).astype(np.float32)
    return _Seen(values, missed, np.arange(pixels) % 2 == 1)


@pytest.mark.parametrize("pixels", [12, 40])
def test_fewer_pixels_than_weights_give_the_same_fit(pixels):
    sample = seen(pixels, 60)
    np.testing.assert_allclose(_fit_of_few([sample]), _least_squares(*_halves([sample], 60)), rtol=1e-3, atol=1e-5)


def test_the_ridge_that_is_chosen_serves_each_half_best():
    sample = seen(30, 60)
    one, other = _halves([sample], 60)
    errors = [other.error(one.solved(r)) + one.error(other.solved(r)) for r in RIDGES]
    best = (one + other).solved(RIDGES[int(np.argmin(errors))])
    np.testing.assert_allclose(_least_squares(one, other), best)
    assert np.argmin(errors) > 0


def test_an_error_is_that_of_all_pixels():
    sample = seen(200, 20)
    one, other = _halves([sample], 20)
    change = (one + other).solved(1e-4)
    direct = np.sum((sample.seen @ change - sample.missed) ** 2)
    assert (one + other).error(change) == pytest.approx(direct, rel=1e-3)
    assert direct < 0.2 * np.sum(sample.missed**2)


def test_a_ridge_too_small_for_cholesky_still_gives_a_fit(monkeypatch):
    def fails(*arguments, **options):
        raise fit_weights.linalg.LinAlgError

    sample = seen(200, 20)
    one, other = _halves([sample], 20)
    expected = (one + other).solved(1e-2)
    monkeypatch.setattr(fit_weights.linalg, "cho_factor", fails)
    np.testing.assert_allclose((one + other).solved(1e-2), expected, rtol=1e-6)
