"""Loihi's weights of a transposed convolution that is 'same' or cropped, at the place that nengo and Keras give it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from .types import NengoObject, Values

AXON_OFFSET = 256
"""An axon shifts its synapses by less than this many compartments. Source: nengo_loihi/conv.py."""

LoihiWeights = tuple[list[Values], list[Values], NDArray[np.int32], NDArray[np.int32]]
"""Weights and indices of each weight set; the set and the base of each axon."""


def transposed_weights(transform: NengoObject) -> LoihiWeights:
    """Weights, indices, axon -> weights map and axon bases of a transposed convolution.

    What ``nengo_loihi.conv.conv2d_loihi_weights`` returns, with source pixel (i, j) at target (i, j) * stride - offset;
    ``_offset`` has the rule, to which is added what is cropped before the first target. Bases stay below
    ``AXON_OFFSET``; indices take the rest.
    """
    (rows_in, columns_in), channels = transform.input_shape.spatial_shape, transform.input_shape.n_channels
    whole = transform.output_shape.spatial_shape
    crop = getattr(transform, "crop", ((0, 0), (0, 0)))
    rows_out, columns_out = (size - before - after for size, (before, after) in zip(whole, crop, strict=True))
    across = (
        (columns_out * transform.n_filters, transform.n_filters, 1)
        if transform.channels_last
        else (columns_out, 1, rows_out * columns_out)
    )
    kernel = np.transpose(transform.init, (2, 0, 1, 3) if transform.channels_last else (2, 3, 0, 1))
    offset = [
        _offset(n, out, size, stride) + before
        for n, out, size, stride, (before, _) in zip(
            (rows_in, columns_in), whole, transform.kernel_size, transform.strides, crop, strict=True
        )
    ]
    taps = [np.arange(size) for size in transform.kernel_size]
    weights: list[Values] = []
    indices: list[Values] = []
    known: dict[tuple[tuple[bool, ...], tuple[bool, ...], int], int] = {}
    weight_of_axon = np.zeros(rows_in * columns_in, dtype=np.int32)
    base_of_axon = np.zeros(rows_in * columns_in, dtype=np.int32)
    for axon, (i, j) in enumerate(product(range(rows_in), range(columns_in))):
        y = i * transform.strides[0] - offset[0] + taps[0]
        x = j * transform.strides[1] - offset[1] + taps[1]
        in_y, in_x = (y >= 0) & (y < rows_out), (x >= 0) & (x < columns_out)
        if not (in_y.any() and in_x.any()):
            base_of_axon[axon] = -1
            continue
        first = y[in_y][0] * across[0] + x[in_x][0] * across[1]
        base_of_axon[axon] = first % AXON_OFFSET
        key = (tuple(in_y), tuple(in_x), first - first % AXON_OFFSET)
        if key not in known:
            known[key] = len(weights)
            used = kernel[:, in_y][:, :, in_x] if transform.channels_last else kernel[:, :, in_y][:, :, :, in_x]
            flat = key[2] + _places(int(in_y.sum()), int(in_x.sum()), transform, across)
            weights.append(used.reshape(channels, -1))
            indices.append(np.tile(flat.astype(np.int32), (channels, 1)))
        weight_of_axon[axon] = known[key]
    return weights, indices, weight_of_axon, base_of_axon


def _offset(size_in: int, size_out: int, kernel: int, stride: int) -> int:
    """How far the first tap lies before its source, for every output shape; 0 for 'valid'.

    Keras's 'same' (n * stride) and nengo's default ((n - 1) * stride + 1) differ. Source: ``calc_gradx_pad`` in
    nengo/builder/transforms.py.
    """
    return max((size_in - 1) * stride + kernel - size_out, 0) // 2


def _places(rows: int, columns: int, transform: NengoObject, across: Sequence[int]) -> NDArray[np.int64]:
    """The compartments of so many rows, columns and all filters, counted from the first, in the kernel's order."""
    sizes = (rows, columns, int(transform.n_filters))
    y, x, channel = (np.arange(size, dtype=np.int64) * step for size, step in zip(sizes, across, strict=True))
    slow, middle, quick = (y, x, channel) if transform.channels_last else (channel, y, x)
    places: NDArray[np.int64] = slow[:, None, None] + middle[:, None] + quick
    return places.ravel()
