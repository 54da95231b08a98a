"""Max pooling replaced by what spikes can do: a mean, or one pixel of each window."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from convert.frontends.keras.layers import POOLED, role
from convert.frontends.keras.rewrite import rewritten
from convert.upstream.tensorflow import load_tf_keras
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
    pooling = getattr(load_tf_keras().layers, type(layer).__name__.replace("Max", "Average"))
    return pooling.from_config(layer.get_config())


def _first_pixel(layer: Layer) -> Layer:
    kind = type(layer).__name__
    if kind.startswith("Global"):
        return _average(layer)
    convolution = getattr(load_tf_keras().layers, kind.replace("MaxPooling", "DepthwiseConv"))
    window = layer.pool_size if layer.padding == "valid" else 1  # as many windows as the maximum has
    pick = convolution(window, layer.strides, padding=layer.padding, use_bias=False, trainable=False, name=layer.name)
    pick.build(layer.input_shape)
    (weights,) = (np.zeros_like(w) for w in pick.get_weights())
    weights[(0,) * (weights.ndim - 2)] = 1
    pick.set_weights([weights])
    return pick
