"""tf-keras, or ``frontends/graph`` in its place: the same layers by the same names, for models of either."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from convert.frontends import graph
from convert.frontends.graph import keras_like
from convert.upstream.tensorflow import load_tf_keras
from convert.upstream.types import Layer, Model, Module, Tensor, Values


def keras_of(some: Model | Layer | Tensor) -> Module:
    """What has the layers that go with ``some`` model, layer or tensor."""
    return keras_like if isinstance(some, (graph.Model, graph.Layer, graph.Tensor)) else load_tf_keras()


def as_kind(kind: str, layer: Layer, **changed: object) -> Layer:
    """A layer of class ``kind`` with the settings of ``layer``, but for those that are ``changed``."""
    made = getattr(keras_of(layer).layers, kind)
    if isinstance(layer, graph.Layer):
        return made(**{**graph.settings_of(layer), "name": layer.name, **changed})
    return made.from_config({**layer.get_config(), **changed})


def fixed(
    keras: Module, kind: str, kernel: Values, name: str, strides: int | Sequence[int] = 1, padding: str = "valid"
) -> Layer:
    """A convolution of class ``kind`` that nobody trains, without a bias, of a ``kernel`` as Keras has it."""
    if keras is keras_like:
        return getattr(keras.layers, kind)(weights=(kernel,), strides=strides, padding=padding, name=name)
    sizes = kernel.shape[: 1 if "1D" in kind else 2]
    filters = [] if kind.startswith("Depthwise") else [kernel.shape[-1]]
    layer = getattr(keras.layers, kind)(
        *filters, sizes, strides=strides, padding=padding, use_bias=False, trainable=False, name=name
    )
    layer.build((None, *sizes, kernel.shape[-2]))
    layer.set_weights([np.asarray(kernel)])
    return cast(Layer, layer)
