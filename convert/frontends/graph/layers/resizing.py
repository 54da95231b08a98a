"""Images and sequences made larger by whole factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from convert.frontends.graph.layer import Array, Layer, Sizes


@dataclass(frozen=True, eq=False, kw_only=True)
class UpSampling2D(Layer):
    """The nearest pixel, or a line between two of them; pixels lie in the middle of those that they become."""

    size: tuple[int, int]
    interpolation: Literal["nearest", "bilinear"] = "nearest"

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", tuple(self.size))

    def sizes(self, *given: Sizes) -> Sizes:
        rows, columns, channels = given[0]
        return rows * self.size[0], columns * self.size[1], channels

    def linear(self, *arrays: Array) -> Array:
        x, (rows, columns) = arrays[0], self.size
        if self.interpolation == "nearest":
            return np.repeat(np.repeat(x, rows, axis=1), columns, axis=2)
        return _mapped(x, between(x.shape[1], rows).T, between(x.shape[2], columns).T)

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        height, width, channels = given[0]
        if self.interpolation == "nearest":
            blocks = seed.reshape(len(seed), height, self.size[0], width, self.size[1], channels)
            return (blocks.sum(axis=(2, 4)),)
        return (_mapped(seed, between(height, self.size[0]), between(width, self.size[1])),)


@dataclass(frozen=True, eq=False, kw_only=True)
class UpSampling1D(Layer):
    """The nearest step."""

    size: int

    def sizes(self, *given: Sizes) -> Sizes:
        steps, channels = given[0]
        return steps * self.size, channels

    def linear(self, *arrays: Array) -> Array:
        return np.repeat(arrays[0], self.size, axis=1)

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        return (seed.reshape(len(seed), given[0][0], self.size, -1).sum(axis=2),)


def between(size: int, factor: int) -> Array:
    """The weights (size, size * factor) of pixels for those on the line between the nearest two."""
    at = np.clip((np.arange(size * factor) + 0.5) / factor - 0.5, 0, size - 1)
    low = np.minimum(at.astype(int), max(size - 2, 0))
    matrix, target = np.zeros((size, size * factor)), np.arange(size * factor)
    matrix[low, target] = 1 - (at - low)
    matrix[np.minimum(low + 1, size - 1), target] += at - low
    return matrix


def _mapped(x: Array, rows: Array, columns: Array) -> Array:
    """Rows and columns of ``x`` times matrices (new, old)."""
    images, height, width, channels = x.shape
    x = np.matmul(rows.astype(x.dtype), x.reshape(images, height, -1)).reshape(-1, width, channels)
    return np.asarray(np.matmul(columns.astype(x.dtype), x)).reshape(images, len(rows), len(columns), channels)
