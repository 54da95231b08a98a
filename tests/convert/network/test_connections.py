"""Connections that are foreseen are those of the matrix that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from convert.network.connections import Connections, connected_apart

SOURCE, TARGET = (4, 3, 2), (3, 5, 4)
RNG = np.random.default_rng(0)
CASES = {
    "some": Connections(*(RNG.random((a, b)) < 0.5 for a, b in zip(SOURCE, TARGET, strict=True))),
    "all": Connections(*(np.ones(size, bool) for size in zip(SOURCE, TARGET, strict=True))),
}


@pytest.mark.parametrize("connections", CASES.values(), ids=CASES)
def test_counts_are_those_of_the_matrix(connections):
    matrix = connections.as_matrix(SOURCE, TARGET)
    assert matrix.shape == (60, 24)
    assert matrix.nnz == connections.weights.size > 0
    np.testing.assert_array_equal(connections.fan_out(SOURCE, TARGET).ravel(), np.asarray(matrix.sum(axis=0)))
    np.testing.assert_array_equal(connections.largest_weights(TARGET).ravel(), matrix.max(axis=1).toarray().ravel())
    rows, columns, channels = connections.parts
    full = np.einsum("ij,kl,mn->jlnikm", rows, columns, channels).reshape(60, 24)
    np.testing.assert_array_equal(matrix.toarray(), full)


@pytest.mark.parametrize("connections", CASES.values(), ids=CASES)
def test_other_weights_make_synapses_of_them(connections):
    gains = RNG.uniform(1, 2, TARGET)
    expected = connections.as_matrix(SOURCE, TARGET).toarray() * gains.reshape(-1, 1)
    np.testing.assert_allclose(connections.scaled(gains, TARGET).matrix.toarray(), expected)
    assert connections.axes(SOURCE, TARGET) is None


@pytest.mark.parametrize("connections", CASES.values(), ids=CASES)
def test_a_matrix_that_is_a_product_gives_its_parts_and_none_other_does(connections):
    matrix = connections.as_matrix(SOURCE, TARGET)
    parts = connected_apart(matrix, SOURCE, TARGET)
    again = Connections(*parts).as_matrix(SOURCE, TARGET)
    np.testing.assert_array_equal(again.toarray(), matrix.toarray())
    fewer = sparse.csr_array(matrix.toarray())
    fewer.data[7] = 0.0
    fewer.eliminate_zeros()
    assert connected_apart(fewer, SOURCE, TARGET) is None
