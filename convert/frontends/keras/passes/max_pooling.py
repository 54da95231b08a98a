"""Max pooling replaced by what spikes can do: a mean, or one pixel of each window."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from convert.frontends.keras.either import as_kind, fixed, keras_of
from convert.frontends.keras.layers import POOLED, role
from convert.frontends.keras.rewrite import rewritten
from convert.upstream.types import Layer, Model


def average_pooling(model: Model) -> Model:
    """A copy of ``model`` with the mean of each window in place of its maximum."""
    return _with(_average, model)


def strided_pooling(model: Model) -> Model:
    """A copy of ``model`` with the first pixel of each window in place of its maximum; the mean of a whole image."""
    return _with(_first_pixel, model)


def _with(replacement: Callable[[Layer], Layer], model: Model) -> Model:
    return rewritten(model, lambda layer: replacement(layer) if role(layer) == POOLED else None)


def _average(layer: Layer) -> Layer:
    """The layer of the same settings that takes the mean."""
    return as_kind(type(layer).__name__.replace("Max", "Average"), layer)


def _first_pixel(layer: Layer) -> Layer:
    kind = type(layer).__name__
    if kind.startswith("Global"):
        return _average(layer)
    dimensions = 1 if kind.endswith("1D") else 2
    window = np.ravel(layer.pool_size) if layer.padding == "valid" else [1] * dimensions  # as many as the maximum has
    kernel = np.zeros((*window, layer.input_shape[-1], 1), np.float32)
    kernel[(0,) * dimensions] = 1
    convolution = kind.replace("MaxPooling", "DepthwiseConv")
    return fixed(keras_of(layer), convolution, kernel, layer.name, layer.strides, layer.padding)
