"""Convolutions of each channel by itself: tap by tap, for there is no matrix in them."""

from __future__ import annotations

import numpy as np

from convert.frontends.graph.layer import Array, Sizes
from convert.network.correlation import Pair

from .kernels import Windows
from .windows import as_images, pair


class DepthwiseConv2D(Windows):
    """Kernel (rows, columns, channels, filters of each channel)."""

    @property
    def depth_multiplier(self) -> int:
        return int(self.weights[0].shape[-1])

    @property
    def filters(self) -> int:
        return int(self.weights[0].shape[-1] * self.weights[0].shape[-2])

    def linear(self, *arrays: Array) -> Array:
        (x,), size = arrays, pair(self.sizes(arrays[0].shape[1:])[:-1], 1)
        frame, x = self._frame(x.shape[1:]), as_images(x)
        kernel = np.asarray(self._kernel(), x.dtype)
        padded = _framed(x, kernel.shape[:2], size, frame)
        made = np.zeros((len(x), *size, self.filters), x.dtype)
        by_channel = made.reshape(len(x), *size, *kernel.shape[2:])
        for (ky, kx), at in _taps(kernel.shape[:2], size, frame):
            by_channel += padded[:, at[0], at[1], :, None] * kernel[ky, kx]
        return self._as_they_were(made)

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        seed, frame = as_images(seed), self._frame(given[0])
        kernel, (rows, columns) = np.asarray(self._kernel(), seed.dtype), pair(given[0][:-1], 1)
        size = seed.shape[1:3]
        padded = _framed(np.zeros((len(seed), rows, columns, given[0][-1]), seed.dtype), kernel.shape[:2], size, frame)
        by_channel = seed.reshape(len(seed), *size, *kernel.shape[2:])
        for (ky, kx), at in _taps(kernel.shape[:2], size, frame):
            product = by_channel * kernel[ky, kx]
            padded[:, at[0], at[1]] += product[..., 0] if kernel.shape[3] == 1 else product.sum(axis=-1)
        top, left = frame["first"]
        return (self._as_they_were(padded[:, top : top + rows, left : left + columns]),)


class DepthwiseConv1D(DepthwiseConv2D):
    """Kernel (steps, channels, filters of each channel)."""

    dimensions = 1


def _framed(images: Array, taps: Pair, size: Pair, frame: dict[str, Pair]) -> Array:
    """``images`` with the zeros around them that windows of so many ``taps`` see."""
    widths = []
    for axis in (0, 1):
        first, stride, dilation = (frame[name][axis] for name in ("first", "strides", "dilation"))
        end = (size[axis] - 1) * stride + (taps[axis] - 1) * dilation + 1 - first
        widths.append((first, max(0, end - images.shape[axis + 1])))
    return np.pad(images, ((0, 0), *widths, (0, 0)))


def _taps(taps: Pair, size: Pair, frame: dict[str, Pair]) -> list[tuple[Pair, tuple[slice, slice]]]:
    """Each tap of a kernel, and the rows and columns of framed images that it is beside."""

    def beside(axis: int, tap: int) -> slice:
        first, stride = tap * frame["dilation"][axis], frame["strides"][axis]
        return slice(first, first + (size[axis] - 1) * stride + 1, stride)

    return [((ky, kx), (beside(0, ky), beside(1, kx))) for ky in range(taps[0]) for kx in range(taps[1])]
