"""A linear function of an image -> the projection that does the same, found by measuring its response to impulses.

However many Keras layers a path between two populations has (convolution, padding, pooling, batch norm, upsampling,
adds), as a whole it is one linear map. Its response to single pixels tells the map; where shifted pixels give shifted
responses it is one convolution with a shared kernel, which is what fits on a core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from math import ceil
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from convert.frontends.original import Function
from convert.network import Convolution, ConvolutionTranspose, Padding, Shape, Sparse, Transform
from convert.network.tensorflow_form import apply
from convert.padding import leading_zeros, positions, transposed_offset

from .impulses import matrix_of
from .taps import Pair, Taps, taps_of

TOLERANCE = 1e-5
"""Largest difference, relative to the largest response, between a map and the transform that stands for it."""

DENSE_ENOUGH = 0.25
"""A shared kernel with a smaller share of nonzero weights costs more synaptic operations than its memory is worth."""


def linearize(
    function: Function, adjoint: Function, source: Shape, target: Shape, guesses: Iterable[Transform] = ()
) -> Transform:
    """The transform equal to ``function``: a convolution where one reproduces it on random images, else ``Sparse``.

    ``adjoint`` is the transposed map, from images of the target's shape. One of ``guesses`` is taken if it reproduces
    ``function``; nothing is measured then.
    """
    for guess in guesses:
        if _reproduces(guess, function, source, target):
            return guess
    if source[:2] != (1, 1) and target[:2] != (1, 1):
        for found in (_convolution, _transposed):
            transform = found(function, source, target)
            if transform is not None and _reproduces(transform, function, source, target):
                return _cheaper(transform, source, target)
    return Sparse(matrix_of(function, adjoint, source, target))


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
        found = taps_of(function, source, target, (1, 1), strides)
        if not found:
            return None
        kernel, low = _kernel(found, 1)
        for padding in get_args(Padding):
            ends = [_conv_ends(source[i], target[i], kernel.shape[i], strides[i], -low[i], padding) for i in range(2)]
            if ends[0] is not None and ends[1] is not None:
                return Convolution(np.pad(kernel, (ends[0], ends[1], (0, 0), (0, 0))), strides, padding)
    return None


def _transposed(function: Function, source: Shape, target: Shape) -> ConvolutionTranspose | None:
    """target[o] = sum over i of source[i] * kernel[o - i * stride + offset]."""
    if target[0] < source[0] or target[1] < source[1]:
        return None
    for strides in product(_ratios(target[0], source[0]), _ratios(target[1], source[1])):
        found = taps_of(function, source, target, strides, (1, 1))
        if not found:
            return None
        kernel, low = _kernel(found, -1)
        for padding in get_args(Padding):
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


def _conv_ends(source: int, target: int, size: int, stride: int, pad: int, padding: Padding) -> tuple[int, int] | None:
    def fits(before: int, after: int) -> bool:
        taps = size + before + after
        sized = positions(source, taps, stride, padding) == target
        return sized and leading_zeros(source, target, taps, stride, padding) == pad + before

    return _ends(size, fits)


def _up_ends(source: int, target: int, size: int, stride: int, offset: int, padding: Padding) -> tuple[int, int] | None:
    def fits(before: int, after: int) -> bool:
        taps = size + before + after
        sized = positions(target, taps, stride, padding) == source
        whole = padding == "valid" or target == source * stride
        return sized and whole and transposed_offset(taps, stride, padding) == offset + before

    return _ends(size, fits)


def _reproduces(transform: Transform, function: Function, source: Shape, target: Shape) -> bool:
    images = np.random.default_rng(0).standard_normal((2, *source)).astype(np.float32)
    expected = function(images)
    found = np.asarray(apply(transform, images, target)).reshape(expected.shape)
    return bool(np.abs(found - expected).max() <= TOLERANCE * max(np.abs(expected).max(), 1e-30))


def _cheaper(transform: Convolution | ConvolutionTranspose, source: Shape, target: Shape) -> Transform:
    """Single synapses instead of a kernel that is mostly zeros: each zero would be a synaptic operation."""
    if np.count_nonzero(transform.kernel) > DENSE_ENOUGH * transform.kernel.size:
        return transform
    return Sparse(transform.as_matrix(source, target))
