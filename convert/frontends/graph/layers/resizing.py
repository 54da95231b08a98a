"""Images made larger by whole factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from convert.frontends.graph.layer import Array, Layer, Sizes

from .windows import as_images, each, pair


@dataclass(frozen=True, eq=False, kw_only=True)
class UpSampling2D(Layer):
    """The nearest pixel, or a line between two of them; pixels lie in the middle of those that they become."""

    dimensions: ClassVar[int] = 2
    size: Sizes = (2,)
    interpolation: Literal["nearest", "bilinear"] = "nearest"

    def __post_init__(self) -> None:
        each(self, "size", self.dimensions)

    def sizes(self, *given: Sizes) -> Sizes:
        return (*(n * factor for n, factor in zip(given[0][:-1], self.size, strict=True)), given[0][-1])

    def linear(self, *arrays: Array) -> Array:
        x, (rows, columns) = as_images(arrays[0]), pair(self.size, 1)
        if self.interpolation == "nearest":
            made = np.repeat(np.repeat(x, rows, axis=1), columns, axis=2) if (rows, columns) != (1, 1) else x
        else:
            made = _mapped(x, between(x.shape[1], rows).T, between(x.shape[2], columns).T)
        return made if self.dimensions == 2 else made[:, 0]

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        seed, (rows, columns), size = as_images(seed), pair(self.size, 1), pair(given[0][:-1], 1)
        if self.interpolation == "nearest":
            made = seed.reshape(len(seed), size[0], rows, size[1], columns, -1).sum(axis=(2, 4))
        else:
            made = _mapped(seed, between(size[0], rows), between(size[1], columns))
        return (made if self.dimensions == 2 else made[:, 0],)


class UpSampling1D(UpSampling2D):
    """The nearest step."""

    dimensions = 1


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
