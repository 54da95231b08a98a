"""Max pooling of spikes: in a step the largest of ones and zeros is their OR, which one neuron a window computes.

Every weight is above the threshold and none is negative, so a neuron is at 0 after each step, whether it fired or not:
it fires one step after any of its sources has, exactly.
"""

from __future__ import annotations

from math import prod

import numpy as np
from scipy import sparse

from convert.padding import Padding, positions

from .network import Population, Projection
from .transforms import Convolution, Shape, Sparse

OR_WEIGHT = 2.0
"""Thresholds of one spike."""

MOST_SOURCES = 500
"""Of a window: if more of them fired in one step, the chip's 23 bits and sign would overflow (515 of 254 x 64)."""


def joined_spikes(
    name: str, kind: str, source: str, windows: sparse.csr_array, shape: Shape, dt_s: float
) -> tuple[Population, Projection]:
    """The population ``name`` of ``shape``, and how it takes the spikes of ``source``; ``windows``, shape (target
    neurons, source neurons), is not zero where a neuron looks.

    Raises ``ValueError`` for windows of more than ``MOST_SOURCES``.
    """
    most = int(np.diff(windows.indptr).max(initial=0))
    if most > MOST_SOURCES:
        raise ValueError(
            f"a window of {most} neurons, more than the {MOST_SOURCES} whose spikes a neuron on the chip can take in "
            "one step; pool twice, by smaller windows"
        )
    weights = sparse.csr_array(
        (np.full(windows.nnz, OR_WEIGHT), windows.indices, windows.indptr), shape=(prod(shape), windows.shape[1])
    )
    return Population(name, kind, shape, np.zeros(shape), 1 / dt_s), Projection(source, name, Sparse(weights))


def or_pooling(
    name: str,
    source: Population,
    size: tuple[int, int],
    strides: tuple[int, int] | None = None,
    padding: Padding = "valid",
    *,
    dt_s: float = 0.001,
) -> tuple[Population, Projection]:
    """Max pooling of the spikes of ``source`` in windows of ``size`` (rows, columns), channel by channel.

    ``strides`` None: those of ``size``. Raises ``ValueError`` for windows of which none fits, and for too large ones.
    """
    strides = strides or size
    rows, columns = (positions(source.shape[i], size[i], strides[i], padding) for i in (0, 1))
    if min(rows, columns) < 1:
        raise ValueError(f"windows of {size[0]} x {size[1]} do not fit {source.shape[0]} x {source.shape[1]} pixels")
    channels = source.shape[2]
    kernel = np.broadcast_to(np.eye(channels), (*size, channels, channels))
    target = (rows, columns, channels)
    windows = Convolution(np.array(kernel), strides, padding).as_matrix(source.shape, target)
    return joined_spikes(name, "MaxPool2d", source.name, windows, target, dt_s)
