"""What is done to each number by itself: scales and offsets, ReLUs, the activations of the host."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from convert.frontends.graph.layer import Array, Layer, Sizes
from convert.network.forward import activated
from convert.network.network import Activation as OnHost

Numbers = float | Array | list[float]


@dataclass(frozen=True, eq=False)
class Rescaling(Layer):
    """Times ``scale`` plus ``offset``, which broadcast over the last axes."""

    scale: Numbers
    offset: Numbers = 0.0

    @property
    def constant(self) -> Array | None:
        return np.asarray(self.offset) if np.any(self.offset) else None

    def linear(self, *arrays: Array) -> Array:
        return np.asarray(arrays[0] * np.asarray(self.scale, arrays[0].dtype))

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        return (seed * np.asarray(self.scale, seed.dtype),)


@dataclass(frozen=True, eq=False, kw_only=True)
class BatchNormalization(Layer):
    """Weights: scale, offset, mean and variance of the channels."""

    epsilon: float = 1e-3

    @cached_property
    def _scale(self) -> Array:
        scale, variance = (np.asarray(self.weights[i], np.float64) for i in (0, 3))
        return np.asarray(scale / np.sqrt(variance + self.epsilon))

    @cached_property
    def constant(self) -> Array | None:  # type: ignore[override]
        return np.asarray(self.weights[1] - self.weights[2] * self._scale)

    def linear(self, *arrays: Array) -> Array:
        return np.asarray(arrays[0] * self._scale.astype(arrays[0].dtype))

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        return (seed * self._scale.astype(seed.dtype),)


@dataclass(frozen=True, eq=False, kw_only=True)
class ReLU(Layer):
    """What is above zero, up to ``max_value`` if there is one."""

    max_value: float | None = None
    negative_slope: float = 0.0
    threshold: float = 0.0

    def apply(self, *arrays: Array) -> Array:
        made = np.maximum(arrays[0], 0)
        return made if self.max_value is None else np.minimum(made, np.asarray(self.max_value, made.dtype))


@dataclass(frozen=True, eq=False, kw_only=True)
class LeakyReLU(Layer):
    """What is above zero, and ``alpha`` times what is below."""

    alpha: float = 0.3

    def apply(self, *arrays: Array) -> Array:
        return _leaky(arrays[0], np.asarray(self.alpha))


@dataclass(frozen=True, eq=False, kw_only=True)
class PReLU(Layer):
    """What is above zero, and below times its weights, of size 1 along the ``shared_axes`` (counted from 1)."""

    shared_axes: Sizes | None = None

    def apply(self, *arrays: Array) -> Array:
        return _leaky(arrays[0], self.weights[0])


@dataclass(frozen=True, eq=False)
class Activation(Layer):
    """One of the host's by its name, at an output; 'linear' is none."""

    activation: OnHost

    def apply(self, *arrays: Array) -> Array:
        return activated(arrays[0], self.activation)

    def linear(self, *arrays: Array) -> Array:
        return arrays[0] if self.activation == "linear" else super().linear(*arrays)

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        return (seed,) if self.activation == "linear" else super().adjoint(seed, *given)


def _leaky(x: Array, slope: Array) -> Array:
    return np.asarray(np.maximum(x, 0) + np.minimum(x, 0) * slope.astype(x.dtype))
