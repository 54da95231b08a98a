"""Images beside one kernel for every pixel, and the other way round, by BLAS: what all convolutions are made of.

The patches of a few images at a time are copied side by side (im2col) and multiplied as one matrix.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

Batch = NDArray[Any]
"""Shape (images, rows, columns, channels), float32 or float64; kernels are (rows, columns, channels in, out)."""

Pair = tuple[int, int]
"""Of rows and of columns."""

PATCH_VALUES = 2**19
"""Numbers in the patches that are multiplied at once: 2 MB in float32, which a core's cache holds. Measured: patches
of four times as many take half as long again."""


def correlated(
    images: Batch, kernel: Batch, size: Pair, *, first: Pair = (0, 0), strides: Pair = (1, 1), dilation: Pair = (1, 1)
) -> Batch:
    """target[o] = sum over k of images[o * stride + k * dilation - first] @ kernel[k], shape (images, *size, out).

    Beyond the images there are zeros.
    """
    (height, width, channels, filters), matrix = kernel.shape, _matrix(kernel, images)
    made = np.empty((len(images), *size, filters), images.dtype)
    if (height, width) == (1, 1) and first == (0, 0):
        pixels = images[:, : (size[0] - 1) * strides[0] + 1 : strides[0], : (size[1] - 1) * strides[1] + 1 : strides[1]]
        np.matmul(pixels.reshape(-1, channels), matrix, out=made.reshape(-1, filters))
        return made
    at_a_time = max(1, min(len(images), PATCH_VALUES // (size[0] * size[1] * len(matrix))))
    band = max(1, min(size[0], PATCH_VALUES // (size[1] * len(matrix))))  # all rows, or some of one large image
    whole = [(n - 1) * s + (k - 1) * d + 1 for n, s, k, d in zip(size, strides, (height, width), dilation, strict=True)]
    padded = np.zeros((at_a_time, *whole, channels), images.dtype)
    image, row, column, channel = padded.strides
    steps = (row * strides[0], column * strides[1], row * dilation[0], column * dilation[1], channel)
    windows = as_strided(padded, (at_a_time, *size, height, width, channels), (image, *steps), writeable=False)
    patches = np.empty((at_a_time, band, *windows.shape[2:]), images.dtype)
    inside = [_inside(images.shape[axis + 1], whole[axis], first[axis]) for axis in (0, 1)]
    for start in range(0, len(images), at_a_time):
        part = images[start : start + at_a_time]
        padded[: len(part), inside[0][1], inside[1][1]] = part[:, inside[0][0], inside[1][0]]
        for row in range(0, size[0], band):
            seen = windows[: len(part), row : row + band]
            held = patches[: len(part), : seen.shape[1]]
            np.copyto(held, seen)
            product = made[start : start + len(part), row : row + band].reshape(-1, filters)
            np.matmul(held.reshape(-1, len(matrix)), matrix, out=product)
    return made


def scattered(
    images: Batch, kernel: Batch, size: Pair, *, first: Pair = (0, 0), strides: Pair = (1, 1), dilation: Pair = (1, 1)
) -> Batch:
    """target[o * stride + k * dilation - first] += images[o] @ kernel[k], shape (images, *size, out).

    What falls beside the target is lost: the adjoint of ``correlated`` with the kernel's channels the other way round.
    """
    height, width, channels, filters = kernel.shape
    if strides == (1, 1):  # a correlation with the taps the other way round
        back = [(n - 1) * d - f for n, d, f in zip((height, width), dilation, first, strict=True)]
        return correlated(images, kernel[::-1, ::-1], size, first=(back[0], back[1]), dilation=dilation)
    made = np.zeros((len(images), *size, filters), images.dtype)
    matrix = np.ascontiguousarray(kernel.transpose(2, 0, 1, 3), images.dtype).reshape(channels, -1)
    rows, columns = images.shape[1:3]
    taps = [
        [_reached(n, size[axis], k * dilation[axis] - first[axis], strides[axis]) for k in range(kernel.shape[axis])]
        for axis, n in enumerate((rows, columns))
    ]
    at_a_time = max(1, PATCH_VALUES // (rows * columns * matrix.shape[1]))
    for start in range(0, len(images), at_a_time):
        part = images[start : start + at_a_time]
        products = (part.reshape(-1, channels) @ matrix).reshape(len(part), rows, columns, height, width, filters)
        into = made[start : start + len(part)]
        for ky, (from_rows, to_rows) in enumerate(taps[0]):
            for kx, (from_columns, to_columns) in enumerate(taps[1]):
                into[:, to_rows, to_columns] += products[:, from_rows, from_columns, ky, kx]
    return made


def patches_of(images: Batch, taps: Pair, size: Pair, *, first: Pair = (0, 0), strides: Pair = (1, 1)) -> Batch:
    """What a kernel of so many ``taps`` sees at each pixel, shape (images x pixels, taps x channels)."""
    whole = [(n - 1) * s + k for n, s, k in zip(size, strides, taps, strict=True)]
    padded = np.zeros((len(images), *whole, images.shape[3]), images.dtype)
    inside = [_inside(images.shape[axis + 1], whole[axis], first[axis]) for axis in (0, 1)]
    padded[:, inside[0][1], inside[1][1]] = images[:, inside[0][0], inside[1][0]]
    image, row, column, channel = padded.strides
    steps = (image, row * strides[0], column * strides[1], row, column, channel)
    windows = as_strided(padded, (len(images), *size, *taps, images.shape[3]), steps, writeable=False)
    return windows.reshape(len(images) * size[0] * size[1], -1)


def _matrix(kernel: Batch, images: Batch) -> Batch:
    return np.ascontiguousarray(kernel, images.dtype).reshape(-1, kernel.shape[3])


def _inside(source: int, whole: int, first: int) -> tuple[slice, slice]:
    """Which of ``source`` positions lie in ``whole`` ones that begin ``first`` before them, and where."""
    low, high = max(0, -first), min(source, whole - first)
    return slice(low, max(low, high)), slice(low + first, max(low, high) + first)


def _reached(source: int, target: int, at: int, stride: int) -> tuple[slice, slice]:
    """Which of ``source`` positions o give to one of ``target`` positions o * stride + at, and to which."""
    low = max(0, -(at // stride))
    high = max(low, min(source, (target - 1 - at) // stride + 1))
    return slice(low, high), slice(low * stride + at, (high - 1) * stride + at + 1 if high > low else 0, stride)
