"""Loihi's weights of a transposed convolution that is 'same' or cropped, at the place that nengo and Keras give it."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from convert.padding import transposed_offset

from .types import NengoObject, Values

AXON_OFFSET = 256
"""An axon shifts its synapses by less than this many compartments. Source: nengo_loihi/conv.py."""

LoihiWeights = tuple[list[Values], list[Values], NDArray[np.int32], NDArray[np.int32]]
"""Weights and indices of each weight set; the set and the base of each axon."""


def transposed_weights(transform: NengoObject) -> LoihiWeights:
    """Weights, indices, axon -> weights map and axon bases of a transposed convolution, channels last.

    What ``nengo_loihi.conv.conv2d_loihi_weights`` returns, with source pixel (i, j) at target (i, j) * stride - offset,
    offset = max(size - stride, 0) // 2 for 'same' (as Keras has it) and what is cropped before the first target. Bases
    stay below ``AXON_OFFSET``; indices take the rest.
    """
    assert transform.channels_last, "what this project builds is laid out channels last"
    (rows_in, columns_in), channels = transform.input_shape.spatial_shape, transform.input_shape.n_channels
    crop = getattr(transform, "crop", ((0, 0), (0, 0)))
    rows_out, columns_out = (
        size - before - after for size, (before, after) in zip(transform.output_shape.spatial_shape, crop, strict=True)
    )
    kernel = np.transpose(transform.init, (2, 0, 1, 3))
    offset = [
        transposed_offset(size, stride, transform.padding) + before
        for size, stride, (before, _) in zip(transform.kernel_size, transform.strides, crop, strict=True)
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
        first = (y[in_y][0] * columns_out + x[in_x][0]) * transform.n_filters
        base_of_axon[axon] = first % AXON_OFFSET
        key = (tuple(in_y), tuple(in_x), first - first % AXON_OFFSET)
        if key not in known:
            known[key] = len(weights)
            pixels = (np.arange(in_y.sum())[:, None] * columns_out + np.arange(in_x.sum())) * transform.n_filters
            flat = (key[2] + pixels[:, :, None] + np.arange(transform.n_filters)).ravel()
            weights.append(kernel[:, in_y][:, :, in_x].reshape(channels, -1))
            indices.append(np.tile(flat.astype(np.int32), (channels, 1)))
        weight_of_axon[axon] = known[key]
    return weights, indices, weight_of_axon, base_of_axon
