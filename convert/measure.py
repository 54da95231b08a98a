"""A linear function of an image -> the projection that does the same, found by measuring its response to impulses.

However many Keras layers a path between two populations has (convolution, padding, pooling, batch norm, upsampling,
adds), as a whole it is one linear map. Its response to single pixels tells the map; where shifted pixels give shifted
responses it is one convolution with a shared kernel, which is what fits on a core.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import ceil, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .network import Convolution, ConvolutionTranspose, Shape, Sparse, Transform

Function = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From (batch, rows, columns, channels) to (batch, rows, columns, channels), linear."""

Pair = tuple[int, int]
"""A number for the rows and one for the columns."""

Taps = dict[Pair, NDArray[np.float32]]
"""Weights (channels in, channels out) by row and column tap."""

TOLERANCE = 1e-5
"""Largest difference, relative to the largest response, between a map and the transform that stands for it."""

ROUNDING = 1e-7
"""Responses up to this, relative to the largest, are zeros."""

DENSE_ENOUGH = 0.25
"""A shared kernel with a smaller share of nonzero weights costs more synaptic operations than its memory is worth."""

SMALL = 1024
"""Up to this many source pixels x channels, every single one is given an impulse."""


def measure(function: Function, source: Shape, target: Shape) -> Transform:
    """The transform equal to ``function``: a convolution where one reproduces it on random images, else ``Sparse``."""
    if source[:2] != (1, 1) and target[:2] != (1, 1):
        for found in (_convolution, _transposed):
            transform = found(function, source, target)
            if transform is not None and _reproduces(transform, function, source, target):
                return _cheaper(transform, source, target)
    return Sparse(_matrix(function, source, target))


def apply(transform: Transform, images: Any, target: Shape) -> Any:
    """``transform`` on images of shape (batch, rows, columns, channels), by TensorFlow, float32."""
    from .compat import load_tensorflow

    tf = load_tensorflow()
    images = tf.cast(images, tf.float32)
    if isinstance(transform, Convolution):
        return tf.nn.conv2d(images, transform.kernel.astype(np.float32), transform.strides, transform.padding.upper())
    if isinstance(transform, ConvolutionTranspose):
        return _apply_transposed(tf, transform, images, target)
    flat = tf.reshape(images, (len(images), -1))
    matrix = transform.matrix.tocoo()
    indices = np.stack(matrix.coords, axis=1)
    values = tf.sparse.SparseTensor(indices, matrix.data.astype(np.float32), matrix.shape)
    product_ = tf.sparse.sparse_dense_matmul(values, flat, adjoint_b=True)
    return tf.reshape(tf.transpose(product_), (len(images), *target))


def _apply_transposed(tf: Any, transform: ConvolutionTranspose, images: Any, target: Shape) -> Any:
    kernel = transform.kernel.transpose(0, 1, 3, 2).astype(np.float32)
    rows, columns = (
        max(target[i], (images.shape[1 + i] - 1) * transform.strides[i] + kernel.shape[i]) for i in range(2)
    )
    if transform.padding == "same":
        rows, columns = target[:2]
    shape = (len(images), rows, columns, target[2])
    full = tf.nn.conv2d_transpose(images, kernel, shape, transform.strides, transform.padding.upper())
    return full[:, : target[0], : target[1]]


def _impulses(source: Shape, rows: list[int], columns: list[int]) -> NDArray[np.float32]:
    """One image for each given pixel and channel, ordered pixel first, channel fastest."""
    pixels = list(product(rows, columns))
    images = np.zeros((len(pixels), source[2], *source), dtype=np.float32)
    for i, (y, x) in enumerate(pixels):
        images[i, np.arange(source[2]), y, x, np.arange(source[2])] = 1
    return images.reshape(-1, *source)


def _in_chunks(function: Function, images: NDArray[np.float32], target: Shape) -> NDArray[np.float32]:
    """The responses, with what is only rounding set to zero."""
    step = max(1, 2**24 // max(prod(images.shape[1:]), prod(target)))
    responses = np.concatenate([function(images[i : i + step]) for i in range(0, len(images), step)])
    responses[np.abs(responses) <= ROUNDING * np.abs(responses).max()] = 0
    return responses


def _probe_positions(size: int, stride: int) -> list[int]:
    """Positions along one axis that show every tap: all of a short axis, one period in the middle of a long one."""
    if size <= 8 * stride:
        return list(range(size))
    middle = size // 2 // stride * stride
    return list(range(middle, middle + stride))


def _taps(function: Function, source: Shape, target: Shape, up: Pair, down: Pair) -> Taps:
    """Kernel values by (row tap, column tap), where tap = target * down - source * up is what they depend on."""
    found: Taps = {}
    rows, columns = (_probe_positions(source[i], down[i]) for i in range(2))
    for row, column in product(rows, columns):
        images = _impulses(source, [row], [column])
        responses = _in_chunks(function, images, target)
        seen = np.abs(responses).max(axis=(0, 3)) > 0
        for y, x in zip(*np.nonzero(seen), strict=True):
            tap = (int(row * up[0] - y * down[0]), int(column * up[1] - x * down[1]))
            found.setdefault(tap, responses[:, y, x, :])
    return found


def _kernel(found: Taps, sign: int) -> tuple[NDArray[np.float64], Pair]:
    """The kernel with taps in order of ``sign`` * tap, and the smallest tap of each axis."""
    taps = np.array(list(found)) * sign
    low, high = taps.min(axis=0), taps.max(axis=0)
    some = next(iter(found.values()))
    kernel = np.zeros((*(high - low + 1), *some.shape), dtype=np.float64)
    for tap, values in found.items():
        y, x = np.array(tap) * sign - low
        kernel[y, x] = values
    return kernel, (int(low[0]), int(low[1]))


def _convolution(function: Function, source: Shape, target: Shape) -> Convolution | None:
    """target[o] = sum over k of source[o * stride + k - pad] * kernel[k]."""
    for strides in product(_ratios(source[0], target[0]), _ratios(source[1], target[1])):
        found = _taps(function, source, target, (1, 1), strides)
        if not found:
            return None
        kernel, low = _kernel(found, 1)
        for padding in ("same", "valid"):
            ends = [_conv_ends(source[i], target[i], kernel.shape[i], strides[i], -low[i], padding) for i in range(2)]
            if ends[0] is not None and ends[1] is not None:
                return Convolution(np.pad(kernel, (ends[0], ends[1], (0, 0), (0, 0))), strides, padding)
    return None


def _transposed(function: Function, source: Shape, target: Shape) -> ConvolutionTranspose | None:
    """target[o] = sum over i of source[i] * kernel[o - i * stride + offset]."""
    if target[0] < source[0] or target[1] < source[1]:
        return None
    for strides in product(_ratios(target[0], source[0]), _ratios(target[1], source[1])):
        found = _taps(function, source, target, strides, (1, 1))
        if not found:
            return None
        kernel, low = _kernel(found, -1)
        for padding in ("same", "valid"):
            ends = [_up_ends(source[i], target[i], kernel.shape[i], strides[i], -low[i], padding) for i in range(2)]
            if ends[0] is not None and ends[1] is not None:
                return ConvolutionTranspose(np.pad(kernel, (ends[0], ends[1], (0, 0), (0, 0))), strides, padding)
    return None


def _ratios(large: int, small: int) -> list[int]:
    """Strides that can make ``small`` positions out of ``large`` ones."""
    return sorted({max(1, large // small), max(1, ceil(large / small))})


def _ends(size: int, fits: Callable[[int, int], bool]) -> tuple[int, int] | None:
    """The fewest zeros before and after a kernel axis of ``size`` taps with which it fits."""
    for extra in range(2 * size + 8):
        for before in range(extra + 1):
            if fits(before, extra - before):
                return before, extra - before
    return None


def _conv_ends(source: int, target: int, size: int, stride: int, pad: int, padding: str) -> tuple[int, int] | None:
    def fits(before: int, after: int) -> bool:
        taps = size + before + after
        if padding == "valid":
            return pad + before == 0 and taps <= source and (source - taps) // stride + 1 == target
        total = max((target - 1) * stride + taps - source, 0)
        return ceil(source / stride) == target and total // 2 == pad + before

    return _ends(size, fits)


def _up_ends(source: int, target: int, size: int, stride: int, offset: int, padding: str) -> tuple[int, int] | None:
    def fits(before: int, after: int) -> bool:
        taps = size + before + after
        if padding == "valid":
            return offset + before == 0 and taps <= target and (target - taps) // stride + 1 == source
        return target == source * stride and max(taps - stride, 0) // 2 == offset + before

    return _ends(size, fits)


def _reproduces(transform: Transform, function: Function, source: Shape, target: Shape) -> bool:
    images = np.random.default_rng(0).standard_normal((2, *source)).astype(np.float32)
    expected = function(images)
    difference = np.abs(np.asarray(apply(transform, images, target)) - expected).max()
    return bool(difference <= TOLERANCE * max(np.abs(expected).max(), 1e-30))


def _cheaper(transform: Convolution | ConvolutionTranspose, source: Shape, target: Shape) -> Transform:
    """Single synapses instead of a kernel that is mostly zeros: each zero would be a synaptic operation."""
    if np.count_nonzero(transform.kernel) > DENSE_ENOUGH * transform.kernel.size:
        return transform
    return Sparse(as_matrix(transform, source, target))


def as_matrix(transform: Transform, source: Shape, target: Shape) -> sparse.csr_array:
    """``transform`` as a matrix of shape (target neurons, source neurons), from its definition."""
    if isinstance(transform, Sparse):
        return transform.matrix
    rows, columns, values = [], [], []
    index_in = np.arange(prod(source)).reshape(source)
    index_out = np.arange(prod(target)).reshape(target)
    for (ky, kx), weights in (((y, x), transform.kernel[y, x]) for y, x in np.ndindex(*transform.kernel.shape[:2])):
        pixels = [
            _pairs(transform, source[axis], target[axis], axis, tap) for axis, tap in enumerate((ky, kx))
        ]
        i = index_in[np.ix_(pixels[0][0], pixels[1][0])]
        o = index_out[np.ix_(pixels[0][1], pixels[1][1])]
        for c, d in zip(*np.nonzero(weights), strict=True):
            rows.append(o[..., d].ravel())
            columns.append(i[..., c].ravel())
            values.append(np.full(i[..., c].size, weights[c, d]))
    if not rows:
        return sparse.csr_array((prod(target), prod(source)))
    data = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return sparse.csr_array(sparse.coo_array(data, shape=(prod(target), prod(source))))


def _pairs(transform: Convolution | ConvolutionTranspose, source: int, target: int, axis: int, tap: int) -> Any:
    """The (source, target) positions of one axis that ``tap`` connects."""
    stride, size = transform.strides[axis], transform.kernel.shape[axis]
    if isinstance(transform, Convolution):
        pad = max((target - 1) * stride + size - source, 0) // 2 if transform.padding == "same" else 0
        outs = np.arange(target)
        ins = outs * stride + tap - pad
        ok = (ins >= 0) & (ins < source)
    else:
        offset = max(size - stride, 0) // 2 if transform.padding == "same" else 0
        ins = np.arange(source)
        outs = ins * stride + tap - offset
        ok = (outs >= 0) & (outs < target)
    return ins[ok], outs[ok]


def _matrix(function: Function, source: Shape, target: Shape) -> sparse.csr_array:
    """The matrix of ``function`` by impulses: many pixels in one image where their responses stay apart."""
    spacing = [
        source[i] if prod(source) <= SMALL or target[i] == 1 else _reach(function, source, target, i) for i in range(2)
    ]
    parts = []
    for first in product(*(range(min(spacing[i], source[i])) for i in range(2))):
        rows, columns = (list(range(first[i], source[i], spacing[i])) for i in range(2))
        parts.append(_spread(function, source, target, rows, columns, spacing))
    return sparse.csr_array(sum(parts[1:], parts[0]))


def _reach(function: Function, source: Shape, target: Shape, axis: int) -> int:
    """How far apart along ``axis`` two source pixels must be for their responses not to meet; the size if unbounded."""
    widest = 0
    for position in {0, source[axis] // 2, source[axis] - 1}:
        at = [source[0] // 2, source[1] // 2]
        at[axis] = position
        images = _impulses(source, [at[0]], [at[1]])
        seen = np.abs(_in_chunks(function, images, target)).max(axis=(0, 3)).max(axis=1 - axis) > 0
        where = np.nonzero(seen)[0]
        if len(where):
            centre = position * target[axis] / source[axis]
            widest = max(widest, ceil(max(abs(where[0] - centre), abs(where[-1] - centre))) + 1)
    return min(source[axis], ceil((2 * widest + 1) * source[axis] / target[axis]))


def _spread(
    function: Function, source: Shape, target: Shape, rows: list[int], columns: list[int], spacing: list[int]
) -> sparse.csr_array:
    """The columns of the matrix for the pixels ``rows`` x ``columns``, whose responses do not meet."""
    images = np.zeros((source[2], *source), dtype=np.float32)
    for c in range(source[2]):
        images[c][np.ix_(rows, columns, [c])] = 1
    responses = _in_chunks(function, images, target)
    channel, y, x, d = np.nonzero(responses)
    owner = [
        _owner(positions, index, source[i], target[i]) for i, (positions, index) in enumerate(((rows, y), (columns, x)))
    ]
    into = (owner[0] * source[1] + owner[1]) * source[2] + channel
    out = (y * target[1] + x) * target[2] + d
    data = (responses[channel, y, x, d].astype(np.float64), (out, into))
    return sparse.csr_array(sparse.coo_array(data, shape=(prod(target), prod(source))))


def _owner(positions: list[int], index: NDArray[np.int64], source: int, target: int) -> NDArray[np.int64]:
    """The source position nearest to each target index."""
    candidates = np.asarray(positions)
    centres = (candidates + 0.5) * target / source - 0.5
    return np.asarray(candidates[np.abs(index[:, None] - centres[None, :]).argmin(axis=1)])
