"""A linear function of an image -> the projection that does the same, found by measuring its response to impulses.

However many Keras layers a path between two populations has (convolution, padding, pooling, batch norm, upsampling,
adds), as a whole it is one linear map. Its response to single pixels tells the map; where shifted pixels give shifted
responses it is one convolution with a shared kernel, which is what fits on a core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from math import ceil
from typing import TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from convert.frontends.original import Images
from convert.network import Convolution, ConvolutionTranspose, Shape, Sparse, Transform
from convert.network.numpy_form import apply, apply_adjoint
from convert.network.transforms import WHOLE
from convert.padding import Padding

from .axes import Axis, conv_ends, crops, up_crops, up_ends
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

Kind = TypeVar("Kind", Convolution, ConvolutionTranspose)

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


def kernels_of(linear: Linear) -> Iterator[Convolution | ConvolutionTranspose]:
    """The shared kernels that may stand for ``linear``, in the order in which they are tried."""
    pixels = linear.source[:2], linear.target[:2]
    if pixels == ((1, 1), (1, 1)):
        yield _of_one_pixel(linear)
    elif (1, 1) not in pixels:
        yield from _convolutions(linear)
        yield from _transposed(linear)


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


def _convolutions(linear: Linear) -> Iterator[Convolution]:
    """Those that may be ``linear``: target[o] = sum over k of source[crop + o * stride + k - pad] * kernel[k]."""
    source, target = linear.source, linear.target
    for strides in _strides(source, target):
        kernel, axes = _measured(taps_of(linear, (1, 1), strides), 1, linear, strides)
        if not axes:
            continue
        cropped = [
            Convolution(kernel, strides, padding, (rows, columns))
            for padding in get_args(Padding)
            for rows, columns in product(*(crops(axis, padding) for axis in axes))
        ]
        yield from _fewest_taps(_whole(kernel, axes, conv_ends, Convolution), cropped)


def _transposed(linear: Linear) -> Iterator[ConvolutionTranspose]:
    """Those that may be ``linear``: target[o] = sum over i of source[i] * kernel[o - i * stride + offset + crop]."""
    source, target = linear.source, linear.target
    if target[0] < source[0] or target[1] < source[1]:
        return
    for strides in _strides(target, source):
        kernel, axes = _measured(taps_of(linear, strides, (1, 1)), -1, linear, strides)
        if not axes:
            continue
        cropped = [
            ConvolutionTranspose(kernel, strides, "valid", (rows, columns))
            for rows, columns in product(*(up_crops(axis) for axis in axes))
        ]
        yield from _fewest_taps(_whole(kernel, axes, up_ends, ConvolutionTranspose), cropped)


def _measured(found: Taps, sign: int, linear: Linear, strides: Pair) -> tuple[NDArray[np.float64], list[Axis]]:
    """The kernel of the taps ``found``, and how it lies on rows and on columns; nothing where no tap was found."""
    if not found:
        return np.zeros((0, 0, 0, 0)), []
    kernel, low = _kernel(found, sign)
    sizes = zip(linear.source[:2], linear.target[:2], kernel.shape[:2], strides, low, strict=True)
    return kernel, [Axis(*size) for size in sizes]


def _whole(
    kernel: NDArray[np.float64], axes: Sequence[Axis], ends_of: Callable[[Axis, Padding], Pair | None], kind: type[Kind]
) -> Kind | None:
    """The convolution of this ``kind`` that crops nothing, with zeros around ``kernel`` where it takes them to fit."""
    for padding in get_args(Padding):
        rows, columns = (ends_of(axis, padding) for axis in axes)
        if rows is not None and columns is not None:
            padded = np.pad(kernel, (rows, columns, (0, 0), (0, 0)))
            return kind(padded, (axes[0].stride, axes[1].stride), padding)
    return None


def _fewest_taps(whole: Kind | None, cropped: list[Kind]) -> Iterator[Kind]:
    """``whole`` first unless what is cropped does without zeros that it needs."""
    if whole is None:
        yield from cropped
    elif not cropped or whole.kernel.size == cropped[0].kernel.size:
        yield whole
        yield from (kernel for kernel in cropped if kernel.crop != WHOLE)
    else:
        yield from cropped
        yield whole


def _strides(large: Shape, small: Shape) -> list[Pair]:
    """Strides that can make ``small`` rows and columns out of ``large`` ones; last, for crops, none at all."""
    found = list(product(_ratios(large[0], small[0]), _ratios(large[1], small[1])))
    return found if (1, 1) in found else [*found, (1, 1)]


def _ratios(large: int, small: int) -> list[int]:
    """Strides that can make ``small`` positions out of ``large`` ones."""
    return sorted({max(1, large // small), max(1, ceil(large / small))})


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
