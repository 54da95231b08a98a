"""Max pooling replaced by what spikes can do: a mean, or every n-th pixel."""

from __future__ import annotations

from typing import Any

import numpy as np

from convert.frontends.keras.rewrite import rewritten
from convert.upstream.tensorflow import load_tf_keras


def replace_max_pooling(model: Any, how: str) -> Any:
    """A copy of ``model`` with 'average' pooling, or one pixel of each window ('strided'), for each max pooling."""
    keras = load_tf_keras()

    def replaced(layer: Any) -> Any:
        if type(layer).__name__ != "MaxPooling2D":
            return None
        if how == "average":
            return keras.layers.AveragePooling2D(layer.pool_size, layer.strides, layer.padding, name=layer.name)
        one_of_each = keras.layers.DepthwiseConv2D(
            1, layer.strides, padding=layer.padding, use_bias=False, trainable=False, name=layer.name
        )
        one_of_each.build(layer.input_shape)
        one_of_each.set_weights([np.ones_like(w) for w in one_of_each.get_weights()])
        return one_of_each

    return rewritten(model, replaced)
