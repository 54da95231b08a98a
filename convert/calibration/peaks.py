"""The 95th percentile of every neuron's rate over images that come in batches, exact, without keeping all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PEAK_PERCENT = 95
"""A neuron's peak is this percentile of its rate over the images."""


def kept(count: int) -> int:
    """Of ``count`` images, how many of the largest values tell the percentile: a twentieth of them and at least 1.

    The smallest of these is ``np.percentile(values, 95, axis=0, method="lower")``: the value in place
    0.95 * (count - 1), rounded down.
    """
    return count - PEAK_PERCENT * (count - 1) // 100


def largest(so_far: NDArray[np.float32] | None, batch: NDArray[np.float32], keep: int) -> NDArray[np.float32]:
    """The ``keep`` largest values of every neuron in ``so_far`` and ``batch``, shape (at most ``keep``, *shape)."""
    both = batch if so_far is None else np.concatenate((so_far, batch))
    return both if len(both) <= keep else np.partition(both, len(both) - keep, axis=0)[len(both) - keep :].copy()
