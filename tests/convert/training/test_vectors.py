"""Sums and products in wide vectors, against numpy's."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from convert.training.wave.vectors import LANES, add, product


@njit
def added(values, into):
    add(values, into)


@pytest.mark.parametrize("size", [1, LANES - 1, LANES, 3 * LANES + 2])
def test_a_sum_is_numpys(size):
    rng = np.random.default_rng(0)
    values, into = (rng.normal(size=n).astype(np.float32) for n in (size + 3, size))
    expected = into + values[:size]
    added(values, into)
    np.testing.assert_array_equal(into, expected)


@pytest.mark.parametrize(("rows", "depth", "vectors"), [(1, 1, 1), (4, 3, 3), (7, 16, 4), (9, 5, 8)])
def test_a_product_is_numpys(rows, depth, vectors):
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(rows + 2, depth)), rng.normal(size=(depth, vectors * LANES))
    into = np.full((rows + 1, vectors * LANES), np.float32(7))
    product(np.float32(left).ravel(), depth, rows, depth, np.float32(right).ravel(), into.shape[1], into.reshape(-1))
    np.testing.assert_allclose(into[:rows], left[1 : 1 + rows] @ right, rtol=1e-4, atol=1e-5)
    assert (into[rows:] == 7).all()
