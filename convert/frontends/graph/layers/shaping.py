"""What moves numbers and changes none: shapes, the order of axes, zeros around, margins left out."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from convert.frontends.graph.layer import Array, Layer, Sizes

Margins = tuple[tuple[int, int], ...]
"""Positions before and after each axis of pixels."""


@dataclass(frozen=True, eq=False)
class Reshape(Layer):
    """The same numbers in the same order."""

    target_shape: Sizes

    def __post_init__(self) -> None:
        object.__setattr__(self, "target_shape", tuple(int(size) for size in self.target_shape))

    def sizes(self, *given: Sizes) -> Sizes:
        if -1 not in self.target_shape:
            return self.target_shape
        return tuple(-prod(given[0]) // prod(self.target_shape) if n == -1 else n for n in self.target_shape)

    def linear(self, *arrays: Array) -> Array:
        return arrays[0].reshape(len(arrays[0]), *self.target_shape)

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        return (seed.reshape(len(seed), *given[0]),)


@dataclass(frozen=True, eq=False)
class Permute(Layer):
    """Axis i is what was axis ``dims[i]``, counted from 1."""

    dims: Sizes

    def sizes(self, *given: Sizes) -> Sizes:
        return tuple(given[0][axis - 1] for axis in self.dims)

    def linear(self, *arrays: Array) -> Array:
        return arrays[0].transpose(0, *self.dims)

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        return (seed.transpose(0, *(self.dims.index(axis + 1) + 1 for axis in range(len(self.dims)))),)


@dataclass(frozen=True, eq=False)
class ZeroPadding2D(Layer):
    """Zeros around the image."""

    dimensions: ClassVar[int] = 2
    padding: Margins

    def __post_init__(self) -> None:
        object.__setattr__(self, "padding", _margins(self.padding, self.dimensions))

    def sizes(self, *given: Sizes) -> Sizes:
        return (*(n + sum(m) for n, m in zip(given[0][:-1], _of_axes(self.padding), strict=True)), given[0][-1])

    def linear(self, *arrays: Array) -> Array:
        return np.pad(arrays[0], ((0, 0), *_of_axes(self.padding), (0, 0)))

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        return (seed[_kept(self.padding, seed.shape)],)


class ZeroPadding1D(ZeroPadding2D):
    """Zeros around the sequence."""

    dimensions = 1


@dataclass(frozen=True, eq=False)
class Cropping2D(Layer):
    """The image without its margins."""

    dimensions: ClassVar[int] = 2
    cropping: Margins

    def __post_init__(self) -> None:
        object.__setattr__(self, "cropping", _margins(self.cropping, self.dimensions))

    def sizes(self, *given: Sizes) -> Sizes:
        return (*(n - sum(m) for n, m in zip(given[0][:-1], _of_axes(self.cropping), strict=True)), given[0][-1])

    def linear(self, *arrays: Array) -> Array:
        return arrays[0][_kept(self.cropping, arrays[0].shape)]

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        return (np.pad(seed, ((0, 0), *_of_axes(self.cropping), (0, 0))),)


class Cropping1D(Cropping2D):
    """The sequence without its ends."""

    dimensions = 1


def _margins(given: object, dimensions: int) -> Margins | tuple[int, int]:
    """As Keras has them: a pair for each axis, or one pair for a sequence."""
    pairs = np.reshape(np.asarray(given, int), (dimensions, 2)).tolist()
    return (pairs[0][0], pairs[0][1]) if dimensions == 1 else tuple((before, after) for before, after in pairs)


def _of_axes(margins: Margins) -> Margins:
    return tuple((before, after) for before, after in np.reshape(margins, (-1, 2)).tolist())


def _kept(margins: Margins, shape: tuple[int, ...]) -> tuple[slice, ...]:
    axes = zip(_of_axes(margins), shape[1:-1], strict=True)
    return (slice(None), *(slice(before, size - after) for (before, after), size in axes))
