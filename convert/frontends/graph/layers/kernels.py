"""What layers with a kernel have in common: its size, strides and padding along each axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from convert.frontends.graph.layer import Array, Layer, Sizes
from convert.network.correlation import Pair
from convert.padding import Padding, leading_zeros, positions

from .windows import each, pair


@dataclass(frozen=True, eq=False, kw_only=True)
class Kernel(Layer):
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
class Windows(Kernel):
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
