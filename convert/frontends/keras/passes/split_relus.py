"""ReLUs with a cap or with a slope below zero, as differences of plain ones: a rate is never negative.

min(relu(x), cap) = relu(x) - relu(x - cap), and relu(x) - slope * relu(-x) is x above zero and slope * x below.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from convert.frontends.keras.either import fixed, keras_of
from convert.frontends.keras.rewrite import Call, rewritten
from convert.upstream.types import Layer, Model, Tensor


def split_relus(model: Model) -> Model:
    """The flat ``model`` with plain ReLUs only, and the same outputs.

    The plain ReLU keeps the layer's NAME; NAME_over is the one beyond the cap, NAME_below the one below zero.
    """
    return rewritten(model, _split) if any(_split(layer) for layer in model.layers) else model


def _split(layer: Layer) -> Call | None:
    """What to call instead of ``layer``, or None for a plain ReLU and for any other layer."""
    keras, name = keras_of(layer), layer.name
    parts = []
    if type(layer).__name__ == "ReLU" and layer.max_value is not None:
        beyond = keras.layers.Rescaling(1.0, -float(layer.max_value), name=f"{name}_beyond")
        parts.append([beyond, keras.layers.ReLU(name=f"{name}_over")])
    slope = _slope_below_zero(layer)
    if slope.any():
        negated = keras.layers.Rescaling(-1.0, name=f"{name}_negated")
        parts.append([negated, keras.layers.ReLU(name=f"{name}_below"), *_times(slope, layer)])
    if not parts:
        return None
    plain = keras.layers.ReLU(name=name)
    differences = [keras.layers.Subtract(name=f"{part[1].name}_subtracted") for part in parts]

    def call(x: Tensor) -> Tensor:
        total = plain(x)
        for part, difference in zip(parts, differences, strict=True):
            taken = x
            for step in part:
                taken = step(taken)
            total = difference([total, taken])
        return total

    return call


def _slope_below_zero(layer: Layer) -> NDArray[np.float32]:
    """A number, or for a PReLU an array that broadcasts over its input; 0 for other layers."""
    kind = type(layer).__name__
    if kind == "PReLU":
        return np.asarray(layer.get_weights()[0])
    named = {"ReLU": "negative_slope", "LeakyReLU": "alpha"}
    return np.asarray(getattr(layer, named[kind]) if kind in named else 0.0)


def _times(slope: NDArray[np.float32], layer: Layer) -> list[Layer]:
    """Layers that multiply the output of ``layer`` by ``slope``: each channel by its own, or each element."""
    keras, name = keras_of(layer), layer.name
    if slope.ndim == 0:
        return [keras.layers.Rescaling(float(slope), name=f"{name}_slope")]
    shape = tuple(layer.output_shape[1:])
    if slope.size != shape[-1] or len(shape) == 1:
        slope = np.broadcast_to(slope, shape)
    by_channel = slope.shape != shape
    dimensions = 1 if by_channel and len(shape) == 2 else 2
    kernel = slope.reshape(*(1,) * dimensions, slope.size, 1)
    scale = fixed(keras, f"DepthwiseConv{dimensions}D", kernel, f"{name}_slope")
    if by_channel:
        return [scale]
    flat, back = (1, 1, prod(shape)), shape
    return [keras.layers.Reshape(flat, name=f"{name}_flat"), scale, keras.layers.Reshape(back, name=f"{name}_back")]
