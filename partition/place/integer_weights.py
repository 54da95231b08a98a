"""Partitioning libraries take whole positive numbers as edge weights."""

from __future__ import annotations

import numpy as np

from partition.geometry.blocks import Floats, Ints

LARGEST = 10_000
"""The heaviest edge; small enough that the sum of a million edges stays below 2^31 for usual weights."""


def integer_weights(weights: Floats) -> Ints:
    """``weights`` scaled so that the heaviest is ``LARGEST``, at least 1, their sum below 2^30."""
    if not len(weights):
        return np.zeros(0, np.int64)
    scale = min(LARGEST / max(weights.max(), 1e-300), 2**29 / max(weights.sum(), 1e-300))
    return np.asarray(np.maximum(1, np.rint(weights * scale)), np.int64)
