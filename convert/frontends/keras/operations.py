"""Arithmetic on tensors (``x + y``, ``x / 255``), which Keras saves as operations: the layers that do the same."""

from __future__ import annotations

import numpy as np

from convert.upstream.types import Config, Layer, Module, Tensor

NAMES = {
    "Add": "add",
    "__operators__.add": "add",
    "math.add": "add",
    "Subtract": "subtract",
    "math.subtract": "subtract",
    "Multiply": "multiply",
    "math.multiply": "multiply",
    "TrueDivide": "divide",
    "Divide": "divide",
    "math.truediv": "divide",
    "math.divide": "divide",
    "Negative": "negative",
    "math.negative": "negative",
    "Relu": "relu",
    "ReLU": "relu",
    "nn.relu": "relu",
    "Relu6": "relu6",
    "nn.relu6": "relu6",
    "LeakyRelu": "leaky_relu",
    "nn.leaky_relu": "leaky_relu",
    "Softmax": "softmax",
    "nn.softmax": "softmax",
    "Sigmoid": "sigmoid",
    "math.sigmoid": "sigmoid",
    "nn.sigmoid": "sigmoid",
    "Concatenate": "concatenate",
    "concat": "concatenate",
    "Mean": "mean",
    "math.reduce_mean": "mean",
}
"""What converts: classes of Keras 3 operations, and symbols of tf-keras' ``TFOpLambda``, by what they do."""

WRITTEN = (
    "`x + y`, `x - y`; `+`, `-`, `*`, `/` with a number; relu, relu6, leaky_relu, concatenate, mean over rows "
    "and columns"
)
"""The same for people; softmax and sigmoid at an output besides."""


def is_operation(old: Layer) -> bool:
    """Whether ``old`` is no layer but an operation of Keras 3 or tf-keras' stand-in for one."""
    return type(old).__name__ == "TFOpLambda" or not hasattr(old, "get_weights")


def as_layer(
    keras: Module, old: Layer, args: tuple[Tensor, ...], kwargs: Config, name: str
) -> tuple[Layer, Tensor] | None:
    """The tf-keras layer that does what operation ``old`` does, and what to call it on; None if there is none."""
    in_tf_keras = type(old).__name__ == "TFOpLambda"
    kind = NAMES.get(old.symbol if in_tf_keras else type(old).__name__)
    options = {**kwargs} if in_tf_keras else {k: v for k, v in vars(old).items() if k[0] != "_" and k != "name"}
    operands = [*args, *(kwargs[key] for key in ("x", "y", "x1", "x2") if key in kwargs)]
    if kind in ("add", "subtract", "multiply", "divide", "negative"):
        return _arithmetic(keras, kind, operands, name)
    if kind == "relu":
        return keras.layers.ReLU(**{k: v for k, v in options.items() if k != "name"}, name=name), operands[0]
    if kind == "relu6":
        return keras.layers.ReLU(6.0, name=name), operands[0]
    if kind == "leaky_relu":
        slope = options.get("negative_slope", options.get("alpha", operands[1] if len(operands) > 1 else 0.2))
        return keras.layers.LeakyReLU(slope, name=name), operands[0]
    if kind in ("softmax", "sigmoid") and options.get("axis", -1) in (-1, None):
        return keras.layers.Activation(kind, name=name), operands[0]
    if kind == "concatenate":
        return keras.layers.Concatenate(axis=options.get("axis", 0), name=name), list(operands[0])
    if kind == "mean" and list(options.get("axis") or ()) == [1, 2] and len(operands[0].shape) == 4:
        return keras.layers.GlobalAveragePooling2D(keepdims=bool(options.get("keepdims")), name=name), operands[0]
    return None


def _arithmetic(keras: Module, kind: str, operands: list[Tensor], name: str) -> tuple[Layer, Tensor] | None:
    """A sum or difference of two tensors, or scale * x + offset for a tensor and a number."""
    tensors = [operand for operand in operands if hasattr(operand, "_keras_history")]
    if len(tensors) == 2:
        merge = {"add": keras.layers.Add, "subtract": keras.layers.Subtract}.get(kind)
        return None if merge is None or len(tensors[0].shape) != len(tensors[1].shape) else (merge(name=name), tensors)
    others = [operand for operand in operands if not hasattr(operand, "_keras_history")]
    if any(np.ndim(other) for other in others):
        return None
    number = float(others[0]) if others else 0.0
    tensor_first = operands[0] is tensors[0]
    if kind == "divide" and not (tensor_first and number):
        return None
    scale, offset = {
        "add": (1.0, number),
        "subtract": (1.0, -number) if tensor_first else (-1.0, number),
        "multiply": (number, 0.0),
        "divide": (1 / (number or 1), 0.0),
        "negative": (-1.0, 0.0),
    }[kind]
    return keras.layers.Rescaling(scale, offset, name=name), tensors[0]
