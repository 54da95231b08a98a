"""Max pooling replaced by what spikes can do: a mean, or one pixel of each window."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from convert.frontends.keras.rewrite import rewritten
from convert.upstream.tensorflow import load_tf_keras
from convert.upstream.types import Layer, Model


def average_pooling(model: Model) -> Model:
    """A copy of ``model`` with the mean of each window in place of its maximum."""
    return _with(_average, model)


def strided_pooling(model: Model) -> Model:
    """A copy of ``model`` with the first pixel of each window in place of its maximum."""
    return _with(_first_pixel, model)


def _with(replacement: Callable[[Layer], Layer], model: Model) -> Model:
    return rewritten(model, lambda layer: replacement(layer) if type(layer).__name__ == "MaxPooling2D" else None)


def _average(layer: Layer) -> Layer:
    pooling = load_tf_keras().layers.AveragePooling2D
    return pooling(layer.pool_size, layer.strides, layer.padding, name=layer.name)


def _first_pixel(layer: Layer) -> Layer:
    pick = load_tf_keras().layers.DepthwiseConv2D(
        1, layer.strides, padding=layer.padding, use_bias=False, trainable=False, name=layer.name
    )
    pick.build(layer.input_shape)
    pick.set_weights([np.ones_like(w) for w in pick.get_weights()])
    return pick
