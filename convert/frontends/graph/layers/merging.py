"""Several tensors made one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

import numpy as np

from convert.frontends.graph.layer import Array, Layer, Sizes


class Add(Layer):
    """The sum."""

    def linear(self, *arrays: Array) -> Array:
        return reduce(np.add, arrays)

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        return (seed,) * len(given)


class Subtract(Layer):
    """The first without the second."""

    def linear(self, *arrays: Array) -> Array:
        return np.subtract(*arrays)

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        return seed, -seed


class Average(Layer):
    """The mean."""

    def linear(self, *arrays: Array) -> Array:
        return np.asarray(reduce(np.add, arrays) / np.asarray(len(arrays), arrays[0].dtype))

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        return (seed / np.asarray(len(given), seed.dtype),) * len(given)


class Maximum(Layer):
    """The larger ones."""

    def apply(self, *arrays: Array) -> Array:
        return reduce(np.maximum, arrays)


class Minimum(Layer):
    """The smaller ones."""

    def apply(self, *arrays: Array) -> Array:
        return reduce(np.minimum, arrays)


@dataclass(frozen=True, eq=False, kw_only=True)
class Concatenate(Layer):
    """One behind the other along ``axis``, the images' axis counted."""

    axis: int = -1

    def sizes(self, *given: Sizes) -> Sizes:
        at = self._at(len(given[0]))
        return (*given[0][:at], sum(sizes[at] for sizes in given), *given[0][at + 1 :])

    def linear(self, *arrays: Array) -> Array:
        return np.concatenate(arrays, axis=self.axis)

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        at = self._at(len(given[0]))
        ends = np.cumsum([0, *(sizes[at] for sizes in given)]).tolist()
        return tuple(seed[(slice(None),) * (at + 1) + (slice(a, b),)] for a, b in pairwise(ends))

    def _at(self, axes: int) -> int:
        """The axis without the images'."""
        return (self.axis - 1) if self.axis > 0 else self.axis % axes
