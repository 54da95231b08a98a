"""Loihi's weights of a transposed convolution that is 'same' or cropped, at the place that nengo and Keras give it."""

from __future__ import annotations

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
    ``_placed`` has the rule. Bases stay below ``AXON_OFFSET``; indices take the rest.
    """
    (rows_in, columns_in), channels = transform.input_shape.spatial_shape, transform.input_shape.n_channels
    offset, (rows_out, columns_out) = _placed(transform)
    filters = int(transform.n_filters)
    steps = (columns_out * filters, filters, 1) if transform.channels_last else (columns_out, 1, rows_out * columns_out)
    kernel = np.transpose(transform.init, (2, 0, 1, 3))
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
        first = y[in_y][0] * steps[0] + x[in_x][0] * steps[1]
        base_of_axon[axon] = first % AXON_OFFSET
        key = (tuple(in_y), tuple(in_x), first - first % AXON_OFFSET)
        if key not in known:
            known[key] = len(weights)
            away = zip((in_y.sum(), in_x.sum(), filters), steps, strict=True)
            rows, columns, values = (np.arange(size) * step for size, step in away)
            flat = (key[2] + rows[:, None, None] + columns[:, None] + values).ravel().astype(np.int32)
            order = np.argsort(flat)
            weights.append(kernel[:, in_y][:, :, in_x].reshape(channels, -1)[:, order])
            indices.append(np.tile(flat[order], (channels, 1)))
        weight_of_axon[axon] = known[key]
    return weights, indices, weight_of_axon, base_of_axon


def _placed(transform: NengoObject) -> tuple[list[int], list[int]]:
    """How far the first tap lies before its source, and the size of what is left of the output; of rows and columns.

    For every output shape: Keras's 'same' (n * stride) and nengo's default ((n - 1) * stride + 1) differ, 'valid' has
    no offset. Source: ``calc_gradx_pad`` in nengo/builder/transforms.py.
    """
    shapes = (transform.input_shape.spatial_shape, transform.output_shape.spatial_shape)
    crop = getattr(transform, "crop", ((0, 0), (0, 0)))
    offsets, sizes = [], []
    for n, out, kernel, stride, cut in zip(*shapes, transform.kernel_size, transform.strides, crop, strict=True):
        offsets.append(max((n - 1) * stride + kernel - out, 0) // 2 + cut[0])
        sizes.append(out - cut[0] - cut[1])
    return offsets, sizes
