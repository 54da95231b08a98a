"""Convolutions and transposed ones. Weights lie as those of Keras do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convert.frontends.graph.layer import Array, Sizes
from convert.network.correlation import Pair, correlated, scattered
from convert.padding import transposed_offset

from .kernels import Kernel, Windows
from .windows import as_images, pair


@dataclass(frozen=True, eq=False, kw_only=True)
class Conv2D(Windows):
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


class Conv2DTranspose(Kernel):
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


def _joined(parts: list[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)
