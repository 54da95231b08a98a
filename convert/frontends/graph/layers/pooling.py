"""Means and maxima of windows and of whole images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from convert.frontends.graph.layer import Array, Layer, Sizes
from convert.padding import Padding, leading_zeros, positions

from .windows import as_images, each, pair

Window = tuple[slice, slice]


@dataclass(frozen=True, eq=False, kw_only=True)
class _Pooling(Layer):
    dimensions: ClassVar[int] = 2
    pool_size: Sizes = (2,)
    strides: Sizes = (2,)
    padding: Padding = "valid"

    def __post_init__(self) -> None:
        each(self, "pool_size", self.dimensions)
        each(self, "strides", self.dimensions)

    def sizes(self, *given: Sizes) -> Sizes:
        axes = zip(given[0][:-1], self.pool_size, self.strides, strict=True)
        return (*(positions(n, taps, stride, self.padding) for n, taps, stride in axes), given[0][-1])

    def _framed(self, x: Array, value: float) -> tuple[Array, list[Window]]:
        """``x`` with ``value`` around it, and for each tap the rows and columns that windows see with it."""
        given, size = (*x.shape[1:3], x.shape[3]), pair(self.sizes(self._own(x.shape[1:]))[:-1], 1)
        taps, strides = pair(self.pool_size, 1), pair(self.strides, 1)
        widths = []
        for axis in (0, 1):
            first = leading_zeros(given[axis], size[axis], taps[axis], strides[axis], self.padding)
            whole = (size[axis] - 1) * strides[axis] + taps[axis]
            widths.append((first, max(0, whole - first - given[axis])))
        framed = np.pad(x, ((0, 0), *widths, (0, 0)), constant_values=value) if any(map(any, widths)) else x
        windows = [
            (_every(ky, size[0], strides[0]), _every(kx, size[1], strides[1]))
            for ky in range(taps[0])
            for kx in range(taps[1])
        ]
        return framed, windows

    def _own(self, sizes: Sizes) -> Sizes:
        """``sizes`` of images as this layer has them."""
        return sizes if self.dimensions == 2 else sizes[1:]

    def _as_they_were(self, made: Array) -> Array:
        return made if self.dimensions == 2 else made[:, 0]


class MaxPooling2D(_Pooling):
    """The largest of each window; what is around the image is less than everything."""

    def apply(self, *arrays: Array) -> Array:
        framed, windows = self._framed(as_images(arrays[0]), -np.inf)
        made = framed[:, windows[0][0], windows[0][1]].copy()
        for rows, columns in windows[1:]:
            np.maximum(made, framed[:, rows, columns], out=made)
        return self._as_they_were(made)


class MaxPooling1D(MaxPooling2D):
    """The largest of each window of steps."""

    dimensions = 1


class AveragePooling2D(_Pooling):
    """The mean of each window; what is around the image does not count."""

    def linear(self, *arrays: Array) -> Array:
        x = as_images(arrays[0])
        return self._as_they_were(self._sum(x) / self._counts(x))

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        seed, (rows, columns) = as_images(seed), pair(given[0][:-1], 1)
        empty = np.zeros((len(seed), rows, columns, given[0][-1]), seed.dtype)
        framed, windows = self._framed(empty, 0.0)
        share = seed / self._counts(empty)
        for at in windows:
            framed[:, at[0], at[1]] += share
        top, left = (
            leading_zeros(n, size, taps, stride, self.padding)
            for n, size, taps, stride in zip(
                (rows, columns), seed.shape[1:3], pair(self.pool_size, 1), pair(self.strides, 1), strict=True
            )
        )
        return (self._as_they_were(framed[:, top : top + rows, left : left + columns]),)

    def _sum(self, x: Array) -> Array:
        framed, windows = self._framed(x, 0.0)
        made = framed[:, windows[0][0], windows[0][1]].copy()
        for rows, columns in windows[1:]:
            made += framed[:, rows, columns]
        return made

    def _counts(self, x: Array) -> Array:
        """The pixels of each window, shape (1, rows, columns, 1)."""
        return self._sum(np.ones((1, *x.shape[1:3], 1), x.dtype))


class AveragePooling1D(AveragePooling2D):
    """The mean of each window of steps."""

    dimensions = 1


@dataclass(frozen=True, eq=False, kw_only=True)
class _Global(Layer):
    keepdims: bool = False

    def sizes(self, *given: Sizes) -> Sizes:
        return (*((1,) * (len(given[0]) - 1) if self.keepdims else ()), given[0][-1])


class GlobalMaxPooling2D(_Global):
    """The largest of each channel."""

    def apply(self, *arrays: Array) -> Array:
        return np.asarray(arrays[0].max(axis=_pixels(arrays[0]), keepdims=self.keepdims))


class GlobalMaxPooling1D(GlobalMaxPooling2D):
    """The same of a sequence."""


class GlobalAveragePooling2D(_Global):
    """The mean of each channel."""

    def linear(self, *arrays: Array) -> Array:
        return np.asarray(arrays[0].mean(axis=_pixels(arrays[0]), keepdims=self.keepdims))

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        pixels = given[0][:-1]
        share = seed.reshape(len(seed), *(1,) * len(pixels), -1) / np.prod(pixels, dtype=seed.dtype)
        return (np.broadcast_to(share, (len(seed), *given[0])),)


class GlobalAveragePooling1D(GlobalAveragePooling2D):
    """The same of a sequence."""


def _pixels(x: Array) -> tuple[int, ...]:
    return tuple(range(1, x.ndim - 1))


def _every(first: int, count: int, stride: int) -> slice:
    return slice(first, first + (count - 1) * stride + 1, stride)
