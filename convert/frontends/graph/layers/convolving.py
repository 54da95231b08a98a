"""Convolutions of all kinds, and matrices along the last axis. Weights lie as those of Keras do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np

from convert.frontends.graph.layer import Array, Layer, Sizes
from convert.network.correlation import Pair, correlated, scattered
from convert.padding import Padding, leading_zeros, positions, transposed_offset

from .windows import as_images, each, pair


@dataclass(frozen=True, eq=False, kw_only=True)
class _Kernel(Layer):
    """A layer whose first weights are a kernel over pixels, whose second ones, if any, are its bias."""

    dimensions: ClassVar[int] = 2
    strides: Sizes = (1,)
    padding: Padding = "valid"

    def __post_init__(self) -> None:
        each(self, "strides", self.dimensions)

    @property
    def kernel_size(self) -> Sizes:
        return tuple(self.weights[0].shape[: self.dimensions])

    @property
    def constant(self) -> Array | None:
        return self.weights[1] if len(self.weights) > 1 else None

    def _kernel(self) -> Array:
        """That of two dimensions."""
        kernel = self.weights[0]
        return kernel if self.dimensions == 2 else kernel[None]

    def _as_they_were(self, made: Array) -> Array:
        return made if self.dimensions == 2 else made[:, 0]


@dataclass(frozen=True, eq=False, kw_only=True)
class _Windows(_Kernel):
    """A kernel that is beside a window of the source for each pixel of the target."""

    dilation_rate: Sizes = (1,)

    def __post_init__(self) -> None:
        super().__post_init__()
        each(self, "dilation_rate", self.dimensions)

    @property
    def filters(self) -> int:
        return int(self.weights[0].shape[-1])

    def sizes(self, *given: Sizes) -> Sizes:
        return (*(size for size, _ in self._axes(given[0])), self.filters)

    def _axes(self, given: Sizes) -> list[tuple[int, int]]:
        """Of each axis of pixels the positions of the target, and how far the first window begins before the source."""
        found = []
        for n, taps, stride, dilation in zip(
            given[:-1], self.kernel_size, self.strides, self.dilation_rate, strict=True
        ):
            extent = (taps - 1) * dilation + 1
            size = positions(n, extent, stride, self.padding)
            found.append((size, leading_zeros(n, size, extent, stride, self.padding)))
        return found

    def _frame(self, given: Sizes) -> dict[str, Pair]:
        """``first``, ``strides`` and ``dilation`` of ``correlated``."""
        return {
            "first": pair([first for _, first in self._axes(given)], 0),
            "strides": pair(self.strides, 1),
            "dilation": pair(self.dilation_rate, 1),
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class Conv2D(_Windows):
    """Kernel (rows, columns, channels of a group, filters)."""

    groups: int = 1

    def linear(self, *arrays: Array) -> Array:
        (x,), size = arrays, pair(self.sizes(arrays[0].shape[1:])[:-1], 1)
        frame, x = self._frame(x.shape[1:]), as_images(x)
        parts = zip(np.split(x, self.groups, -1), np.split(self._kernel(), self.groups, -1), strict=True)
        return self._as_they_were(_joined([correlated(part, kernel, size, **frame) for part, kernel in parts]))

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        frame, size, seed = self._frame(given[0]), pair(given[0][:-1], 1), as_images(seed)
        parts = zip(np.split(seed, self.groups, -1), np.split(self._kernel(), self.groups, -1), strict=True)
        back = [scattered(part, kernel.swapaxes(2, 3), size, **frame) for part, kernel in parts]
        return (self._as_they_were(_joined(back)),)


class Conv1D(Conv2D):
    """Kernel (steps, channels of a group, filters)."""

    dimensions = 1


@dataclass(frozen=True, eq=False, kw_only=True)
class DepthwiseConv2D(_Windows):
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
            padded[:, at[0], at[1]] += (by_channel * kernel[ky, kx]).sum(axis=-1)
        top, left = frame["first"]
        return (self._as_they_were(padded[:, top : top + rows, left : left + columns]),)


class DepthwiseConv1D(DepthwiseConv2D):
    """Kernel (steps, channels, filters of each channel)."""

    dimensions = 1


class Conv2DTranspose(_Kernel):
    """Kernel (rows, columns, filters, channels)."""

    @property
    def filters(self) -> int:
        return int(self.weights[0].shape[-2])

    def sizes(self, *given: Sizes) -> Sizes:
        axes = zip(given[0][:-1], self.kernel_size, self.strides, strict=True)
        more = (0 if self.padding == "same" else max(taps - stride, 0) for _, taps, stride in axes)
        return (*(n * s + m for n, s, m in zip(given[0][:-1], self.strides, more, strict=True)), self.filters)

    def linear(self, *arrays: Array) -> Array:
        size = pair(self.sizes(arrays[0].shape[1:])[:-1], 1)
        return self._as_they_were(scattered(as_images(arrays[0]), self._kernel().swapaxes(2, 3), size, **self._frame()))

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        size = pair(given[0][:-1], 1)
        return (self._as_they_were(correlated(as_images(seed), self._kernel(), size, **self._frame())),)

    def _frame(self) -> dict[str, Pair]:
        offsets = [
            transposed_offset(taps, stride, self.padding)
            for taps, stride in zip(self.kernel_size, self.strides, strict=True)
        ]
        return {"first": pair(offsets, 0), "strides": pair(self.strides, 1)}


class Conv1DTranspose(Conv2DTranspose):
    """Kernel (steps, filters, channels)."""

    dimensions = 1


class Dense(Layer):
    """Weights (values, units), and perhaps a bias: along the last axis."""

    @property
    def units(self) -> int:
        return int(self.weights[0].shape[1])

    @property
    def constant(self) -> Array | None:
        return self.weights[1] if len(self.weights) > 1 else None

    def sizes(self, *given: Sizes) -> Sizes:
        return (*given[0][:-1], self.units)

    def linear(self, *arrays: Array) -> Array:
        return cast(Array, arrays[0] @ np.asarray(self.weights[0], arrays[0].dtype))

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        return (seed @ np.asarray(self.weights[0], seed.dtype).T,)


def _joined(parts: list[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


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
