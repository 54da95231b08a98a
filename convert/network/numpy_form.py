"""What a transform does to images, by NumPy and SciPy: for many images at once, in their own type."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from convert.padding import leading_zeros, transposed_offset

from .correlation import Batch, Pair, correlated, patches_of, scattered
from .transforms import Convolution, ConvolutionTranspose, Shape, Sparse, Transform


@singledispatch
def apply(transform: Transform, images: Batch, target: Shape) -> Batch:
    """``transform`` on ``images``, shape (images, *target), computed in the type of ``images``."""
    raise TypeError(f"no NumPy form of {type(transform).__name__}")


@apply.register
def _(transform: Convolution, images: Batch, target: Shape) -> Batch:
    seen = cropped(transform, images)
    return correlated(
        seen, transform.kernel, target[:2], first=_zeros_before(transform, seen, target), strides=transform.strides
    )


@apply.register
def _(transform: ConvolutionTranspose, images: Batch, target: Shape) -> Batch:
    return scattered(images, transform.kernel, target[:2], first=_offset(transform), strides=transform.strides)


@apply.register
def _(transform: Sparse, images: Batch, target: Shape) -> Batch:
    flat = images.reshape(len(images), -1)
    product = transform.matrix.astype(images.dtype) @ flat.T
    return np.asarray(product.T.reshape(len(images), *target))


@singledispatch
def apply_adjoint(transform: Transform, images: Batch, source: Shape) -> Batch:
    """The adjoint of ``transform`` on ``images`` of its target's shape, shape (images, *source)."""
    raise TypeError(f"no adjoint of {type(transform).__name__}")


@apply_adjoint.register
def _(transform: Convolution, images: Batch, source: Shape) -> Batch:
    made = np.zeros((len(images), *source), images.dtype)
    seen, target = cropped(transform, made), images.shape[1:]
    first = _zeros_before(transform, seen, (target[0], target[1], target[2]))
    kernel = transform.kernel.swapaxes(2, 3)
    seen[:] = scattered(images, kernel, seen.shape[1:3], first=first, strides=transform.strides)
    return made


@apply_adjoint.register
def _(transform: ConvolutionTranspose, images: Batch, source: Shape) -> Batch:
    kernel = transform.kernel.swapaxes(2, 3)
    return correlated(images, kernel, source[:2], first=_offset(transform), strides=transform.strides)


@apply_adjoint.register
def _(transform: Sparse, images: Batch, source: Shape) -> Batch:
    product = transform.matrix.T.astype(images.dtype) @ images.reshape(len(images), -1).T
    return np.asarray(product.T.reshape(len(images), *source))


@singledispatch
def of_kernel(transform: Transform, images: Batch, seed: Batch) -> Batch:
    """The gradient of the kernel of ``transform`` on ``images``, of its shape; ``seed`` is that of what it gives."""
    raise TypeError(f"no kernel in {type(transform).__name__}")


@of_kernel.register
def _(transform: Convolution, images: Batch, seed: Batch) -> Batch:
    seen = patches(transform, images, (seed.shape[1], seed.shape[2], seed.shape[3]))
    return np.asarray((seen.T @ seed.reshape(len(seen), -1)).reshape(transform.kernel.shape))


@of_kernel.register
def _(transform: ConvolutionTranspose, images: Batch, seed: Batch) -> Batch:
    rows, columns, channels, filters = transform.kernel.shape
    size = (images.shape[1], images.shape[2])
    reached = patches_of(seed, (rows, columns), size, first=_offset(transform), strides=transform.strides)
    product = images.reshape(len(reached), channels).T @ reached
    return np.ascontiguousarray(product.reshape(channels, rows, columns, filters).transpose(1, 2, 0, 3))


def patches(transform: Convolution, images: Batch, target: Shape) -> Batch:
    """For every pixel of ``target`` what the kernel sees of ``images``, shape (images x pixels, taps x channels)."""
    seen = cropped(transform, images)
    first, taps = _zeros_before(transform, seen, target), transform.kernel.shape[:2]
    return patches_of(seen, (taps[0], taps[1]), target[:2], first=first, strides=transform.strides)


def cropped(transform: Convolution, images: Batch) -> Batch:
    """The pixels of ``images``, shape (batch, rows, columns, channels), that a convolution looks at."""
    (top, bottom), (left, right) = transform.crop
    return images[:, top : images.shape[1] - bottom, left : images.shape[2] - right]


def _zeros_before(transform: Convolution, seen: Batch, target: Shape) -> Pair:
    rows, columns = (
        leading_zeros(seen.shape[axis + 1], target[axis], size, stride, transform.padding)
        for axis, (size, stride) in enumerate(zip(transform.kernel.shape[:2], transform.strides, strict=True))
    )
    return rows, columns


def _offset(transform: ConvolutionTranspose) -> Pair:
    rows, columns = (
        transposed_offset(size, stride, transform.padding) + crop[0]
        for size, stride, crop in zip(transform.kernel.shape[:2], transform.strides, transform.crop, strict=True)
    )
    return rows, columns
