"""A matrix along the last axis."""

from __future__ import annotations

from typing import cast

import numpy as np

from convert.frontends.graph.layer import Array, Layer, Sizes


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
