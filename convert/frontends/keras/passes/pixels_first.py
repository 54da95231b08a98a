"""Convolutions of one pixel with a stride, as a choice of pixels and then a convolution of stride 1.

TensorFlow's gradient with respect to such a kernel can write beyond its memory: see docs/upstream.md.
"""

from __future__ import annotations

from convert.frontends.keras.rewrite import Call, rewritten
from convert.upstream.tensorflow import load_tf_keras
from convert.upstream.types import Layer, Model, Tensor

CONVOLUTIONS, TRANSPOSED = ("Conv1D", "Conv2D"), ("Conv1DTranspose", "Conv2DTranspose")


def pixels_first(model: Model) -> Model:
    """The flat ``model`` without kernels of one pixel that stride, and the same outputs.

    The convolution keeps the layer's NAME and weights; NAME_pixels is before it. A transposed one is not trained.
    """
    return rewritten(model, _apart) if any(_strides(layer) for layer in model.layers) else model


def _strides(layer: Layer) -> bool:
    kind = type(layer).__name__
    one_pixel = kind in (*CONVOLUTIONS, *TRANSPOSED) and max(layer.kernel_size) == 1
    return one_pixel and max(layer.strides) > 1 and (kind in CONVOLUTIONS or layer.trainable)


def _apart(layer: Layer) -> Call | None:
    """What to call instead of ``layer``, or None for a layer that stays."""
    if not _strides(layer):
        return None
    keras, config = load_tf_keras(), layer.get_config()
    kind = type(layer).__name__
    if kind in TRANSPOSED:
        frozen: Call = _with_weights(layer.__class__.from_config({**config, "trainable": False}), layer)
        return frozen
    pooling = getattr(keras.layers, kind.replace("Conv", "AveragePooling"))
    pick = pooling(1, layer.strides, name=f"{layer.name}_pixels")
    convolution = _with_weights(layer.__class__.from_config({**config, "strides": 1}), layer)

    def call(x: Tensor) -> Tensor:
        return convolution(pick(x))

    return call


def _with_weights(new: Layer, old: Layer) -> Layer:
    """``new``, built for the input of ``old`` and with its weights."""
    new.build(old.get_input_shape_at(0))
    new.set_weights(old.get_weights())
    return new
