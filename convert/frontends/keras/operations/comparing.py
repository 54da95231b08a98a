"""Operations that compare, as layers: a ReLU compares with zero; a number is subtracted before and added after."""

from __future__ import annotations

import numpy as np

from convert.frontends.keras.operations.operation import Builder, Operation, Steps
from convert.frontends.keras.structures import tensors_in
from convert.upstream.types import Layer, Module, Tensor


def _extreme(keras: Module, op: Operation) -> Steps | None:
    """Of two tensors of one shape, or of a tensor and a number."""
    if len(op.tensors) == 2:
        if tuple(op.tensors[0].shape) != tuple(op.tensors[1].shape):
            return None
        merge = keras.layers.Maximum if op.kind == "maximum" else keras.layers.Minimum
        return [merge(name=op.name)], op.tensors
    numbers = [operand for operand in op.operands if not tensors_in(operand)]
    if not numbers or (number := _number(numbers[0])) is None:
        return None
    return _at(keras, op, number, 1.0 if op.kind == "maximum" else -1.0), op.tensors[0]


def _at(keras: Module, op: Operation, number: float, sign: float) -> list[Layer]:
    """``number`` + sign * relu(sign * (x - number)), which is max for a sign of 1 and min for -1."""
    layers = keras.layers
    if number == 0 and sign == 1:
        return [layers.ReLU(name=op.name)]
    return [
        layers.Rescaling(sign, -sign * number, name=f"{op.name}_from"),
        layers.ReLU(name=f"{op.name}_relu"),
        layers.Rescaling(sign, number, name=op.name),
    ]


def _clip(keras: Module, op: Operation) -> Steps | None:
    low = _number(op.argument(("x_min", "clip_value_min"), 1))
    high = _number(op.argument(("x_max", "clip_value_max"), 2))
    if low is None or high is None or low >= high:
        return None
    layers = keras.layers
    if low == 0:
        return [layers.ReLU(high, name=op.name)], op.tensors[0]
    steps = [
        layers.Rescaling(1.0, -low, name=f"{op.name}_from"),
        layers.ReLU(high - low, name=f"{op.name}_relu"),
        layers.Rescaling(1.0, low, name=op.name),
    ]
    return steps, op.tensors[0]


def _number(value: Tensor) -> float | None:
    number = np.asarray(value)
    return float(number) if number.ndim == 0 and number.dtype.kind in "buif" else None


BUILDERS: dict[str, Builder] = {
    "maximum": _extreme,
    "minimum": _extreme,
    "clip": _clip,
    "absolute": lambda keras, op: ([keras.layers.LeakyReLU(-1.0, name=op.name)], op.tensors[0]),
}
