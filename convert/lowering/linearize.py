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

from convert.frontends.original import Images
from convert.network import Convolution, ConvolutionTranspose, Padding, Sparse, Transform
from convert.network.tensorflow_form import apply, apply_adjoint
from convert.padding import leading_zeros, positions, transposed_offset

from .impulses import matrix_of
from .linear import Linear
from .taps import Pair, Taps, taps_of

TOLERANCE = 1e-5
"""Largest difference, relative to the largest response, between a map and the transform that stands for it."""

DENSE_ENOUGH = 0.25
"""A shared kernel with a smaller share of nonzero weights costs more synaptic operations than its memory is worth."""

DENSE_ENOUGH_OF_MANY = 0.1
"""The same for more than ``MANY`` synapses, of which a core stores some 100,000: there memory is worth more."""

ROUNDING = 1e-6
"""What two maps differ by, relative to the larger, if they are equal."""

BORDER = 0.3
"""A kernel that is wrong at a larger share of the target's pixels stands for nothing: single synapses do then."""

MANY = 2**20
"""Up to so many synapses one matrix stands for all: it fits ten cores, and sources send each core one message."""

Map = tuple[Transform, ...]
"""Transforms whose sum is a linear map: one, or a shared kernel and what is different at the image's border."""


def linearize(linear: Linear, guesses: Iterable[Map] = ()) -> Map:
    """The transforms equal to ``linear``: a convolution where one reproduces it on random images, with single synapses
    for the border where it is off there only, else ``Sparse``.

    One of ``guesses`` is taken if it reproduces ``linear``; nothing is measured then.
    """
    for guess in guesses:
        if not off_pixels(guess, linear).any():
            return guess
    for kernel in kernels_of(linear):
        off = off_pixels((kernel,), linear)
        if not off.any():
            return (_cheaper(kernel, linear),)
        if off.mean() <= BORDER and _synapses(kernel, linear) > MANY and _dense_enough(kernel, linear):
            both = (kernel, Sparse(matrix_of(_rest(linear, kernel, off), off)))
            if not off_pixels(both, linear).any():
                return both
    return (Sparse(matrix_of(linear)),)


def kernels_of(linear: Linear) -> list[Convolution | ConvolutionTranspose]:
    """The shared kernels that may stand for ``linear``, in the order in which they are tried."""
    pixels = linear.source[:2], linear.target[:2]
    if pixels == ((1, 1), (1, 1)):
        return [_of_one_pixel(linear)]
    if (1, 1) in pixels:
        return []
    return [kernel for kernel in (_convolution(linear), _transposed(linear)) if kernel is not None]


def _of_one_pixel(linear: Linear) -> Convolution:
    """The matrix between two vectors as the kernel of a convolution, which is what calibration and training fit."""
    matrix = matrix_of(linear).toarray()
    return Convolution(np.ascontiguousarray(matrix.T)[None, None])


def least_share(synapses: int) -> float:
    """The share of nonzero weights below which single synapses stand for a kernel of so many."""
    return DENSE_ENOUGH_OF_MANY if synapses > MANY else DENSE_ENOUGH


def _synapses(kernel: Convolution | ConvolutionTranspose, linear: Linear) -> int:
    """The synapses that ``kernel`` stands for."""
    rows, columns = (int((kernel.taps(i, linear.source[i], linear.target[i]) >= 0).sum()) for i in range(2))
    return rows * columns * linear.source[2] * linear.target[2]


def _rest(linear: Linear, kernel: Convolution | ConvolutionTranspose, off: NDArray[np.bool_]) -> Linear:
    """What ``kernel`` lacks of ``linear`` at the target's pixels ``off``, the only ones where it is not equal."""
    at = off[:, :, None]

    def forward(images: Images) -> Images:
        return _difference(linear.forward(images), np.asarray(apply(kernel, images, linear.target))) * at

    def adjoint(images: Images) -> Images:
        wanted = images * at
        return _difference(linear.adjoint(wanted), np.asarray(apply_adjoint(kernel, wanted, linear.source)))

    return Linear(forward, adjoint, linear.source, linear.target)


def _difference(of: Images, minus: Images) -> Images:
    """``of`` - ``minus``, and zero where that is only the rounding of both."""
    difference = of - minus
    difference[np.abs(difference) <= ROUNDING * np.abs(of).max()] = 0
    return difference


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


def _convolution(linear: Linear) -> Convolution | None:
    """target[o] = sum over k of source[o * stride + k - pad] * kernel[k]."""
    source, target = linear.source, linear.target
    for strides in product(_ratios(source[0], target[0]), _ratios(source[1], target[1])):
        found = taps_of(linear, (1, 1), strides)
        if not found:
            return None
        kernel, low = _kernel(found, 1)
        for padding in get_args(Padding):
            ends = [_conv_ends(source[i], target[i], kernel.shape[i], strides[i], -low[i], padding) for i in range(2)]
            if ends[0] is not None and ends[1] is not None:
                return Convolution(np.pad(kernel, (ends[0], ends[1], (0, 0), (0, 0))), strides, padding)
    return None


def _transposed(linear: Linear) -> ConvolutionTranspose | None:
    """target[o] = sum over i of source[i] * kernel[o - i * stride + offset]."""
    source, target = linear.source, linear.target
    if target[0] < source[0] or target[1] < source[1]:
        return None
    for strides in product(_ratios(target[0], source[0]), _ratios(target[1], source[1])):
        found = taps_of(linear, strides, (1, 1))
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


def off_pixels(transforms: Map, linear: Linear) -> NDArray[np.bool_]:
    """The pixels of the target, shape (rows, columns), at which ``transforms`` differ from ``linear``."""
    images = np.random.default_rng(0).standard_normal((2, *linear.source)).astype(np.float32)
    expected = linear.forward(images)
    found = sum(np.asarray(apply(t, images, linear.target)).reshape(expected.shape) for t in transforms)
    tolerance = TOLERANCE * max(float(np.abs(expected).max()), 1e-30)
    return np.asarray((np.abs(found - expected) > tolerance).any(axis=(0, 3)))


def _cheaper(kernel: Convolution | ConvolutionTranspose, linear: Linear) -> Transform:
    """Single synapses instead of a kernel that is mostly zeros: each zero would be a synaptic operation."""
    return kernel if _dense_enough(kernel, linear) else Sparse(kernel.as_matrix(linear.source, linear.target))


def _dense_enough(kernel: Convolution | ConvolutionTranspose, linear: Linear) -> bool:
    return bool(np.count_nonzero(kernel.kernel) > least_share(_synapses(kernel, linear)) * kernel.kernel.size)
