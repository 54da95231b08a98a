"""Max pooling replaced by what spikes can do: a mean, or every n-th pixel."""

from __future__ import annotations

from typing import Any

import numpy as np

from .compat import load_tf_keras


def replace_max_pooling(model: Any, how: str) -> Any:
    """A copy of ``model`` with 'average' pooling, or one pixel of each window ('strided'), for each max pooling."""
    keras = load_tf_keras()

    def replaced(layer: Any) -> Any:
        if type(layer).__name__ != "MaxPooling2D":
            return layer.__class__.from_config(layer.get_config())
        if how == "average":
            return keras.layers.AveragePooling2D(layer.pool_size, layer.strides, layer.padding, name=layer.name)
        return keras.layers.DepthwiseConv2D(
            1, layer.strides, padding=layer.padding, use_bias=False, trainable=False, name=layer.name
        )

    new = keras.models.clone_model(model, clone_function=replaced)
    for old in model.layers:
        layer = new.get_layer(old.name)
        if type(layer) is type(old):
            layer.set_weights(old.get_weights())
        elif how == "strided":
            layer.set_weights([np.ones_like(layer.get_weights()[0])])
    return new
