"""Max pooling of spikes as one neuron for each window."""

from __future__ import annotations

import numpy as np
import pytest

from convert.network.or_pooling import MOST_SOURCES, OR_WEIGHT, or_pooling
from tests.builders.populations import population


def test_windows_lie_as_those_of_a_convolution() -> None:
    pool, joined = or_pooling("pool", population("layer", (4, 5, 2)), (2, 2))
    assert pool.shape == (2, 2, 2)
    matrix = joined.transform.as_matrix((4, 5, 2), pool.shape)
    assert set(matrix.data.tolist()) == {OR_WEIGHT}
    images = np.arange(40.0).reshape(4, 5, 2)
    sums = OR_WEIGHT * images[:, :4].reshape(2, 2, 2, 2, 2).sum(axis=(1, 3))
    np.testing.assert_allclose(matrix @ images.ravel(), sums.ravel())


def test_windows_that_no_neuron_can_hold_or_none_fits() -> None:
    with pytest.raises(ValueError, match=f"a window of 529 neurons, more than the {MOST_SOURCES} .*; pool twice"):
        or_pooling("pool", population("layer", (23, 23, 1)), (23, 23))
    with pytest.raises(ValueError, match="windows of 3 x 3 do not fit 2 x 9 pixels"):
        or_pooling("pool", population("layer", (2, 9, 1)), (3, 3))
