"""Sums and means over rows, columns and channels, pooling and products with an array, as layers."""

from __future__ import annotations

from math import prod

import numpy as np

from convert.frontends.keras import fixed
from convert.frontends.keras.operations.indexing import IMAGE_AXES
from convert.frontends.keras.operations.operation import Builder, Operation, Steps
from convert.upstream.types import Layer, Module, Tensor


def _reduced(keras: Module, op: Operation) -> Steps | None:
    """The mean over some axes of an image, or over steps, times how many numbers there are for a sum."""
    over = op.argument(("axis",), 1)
    axes = {int(axis) % len(op.shape) for axis in np.ravel(over)} if over is not None else set()
    of_steps = axes == {1} and len(op.shape) == IMAGE_AXES - 1
    if not axes or 0 in axes or not (of_steps or len(op.shape) == IMAGE_AXES):
        return None
    keep, layers = bool(op.argument(("keepdims",), 2, False)), keras.layers
    steps: list[Layer] = []
    if of_steps:
        steps.append(layers.GlobalAveragePooling1D(keepdims=keep, name=op.name))
    elif axes == {1, 2}:
        steps.append(layers.GlobalAveragePooling2D(keepdims=keep, name=op.name))
    else:
        window = tuple(op.shape[axis] if axis in axes else 1 for axis in (1, 2))
        if axes & {1, 2}:
            steps.append(layers.AveragePooling2D(window, name=f"{op.name}_pixels"))
        if 3 in axes:
            among = np.full((op.shape[3], 1), 1 / op.shape[3])
            steps.append(fixed.channels(keras, among, f"{op.name}_channels"))
        if not keep:
            steps.append(layers.Reshape([n for n in op.made[0][1:] if n is not None], name=op.name))
    if op.kind == "sum":
        steps.append(layers.Rescaling(float(prod(op.shape[axis] for axis in axes)), name=f"{op.name}_sum"))
    return steps, op.tensors[0]


def _pool(keras: Module, op: Operation) -> Steps | None:
    size = op.argument(("pool_size", "ksize"), 1)
    strides, padding = op.argument(("strides",), 2, size), str(op.argument(("padding",), 3, "valid")).lower()
    layout = str(op.argument(("data_format",), 4, "NHWC"))
    if len(op.shape) != IMAGE_AXES or padding not in ("same", "valid") or layout not in ("NHWC", "channels_last"):
        return None
    windows = [_of_pixels(value) for value in (size, strides)]
    return [keras.layers.AveragePooling2D(*windows, padding=padding, name=op.name)], op.tensors[0]


def _of_pixels(value: Tensor) -> tuple[int, int]:
    """What TensorFlow takes as one number, as two or as four with batch and channels."""
    numbers = [int(n) for n in np.ravel(value)]
    rows, columns = numbers[1:3] if len(numbers) == IMAGE_AXES else (numbers[0], numbers[-1])
    return rows, columns


def _product(keras: Module, op: Operation) -> Steps | None:
    """The channels of every pixel times a matrix of numbers."""
    matrix = op.argument(("b", "x2"), 1)
    if len(op.tensors) > 1 or op.operands[0] is not op.tensors[0] or np.ndim(matrix) != 2:
        return None
    if len(op.shape) != IMAGE_AXES or any(op.options.get(f"transpose_{which}") for which in "ab"):
        return None
    return [fixed.channels(keras, np.asarray(matrix, np.float64), op.name)], op.tensors[0]


BUILDERS: dict[str, Builder] = {"mean": _reduced, "sum": _reduced, "pool": _pool, "matmul": _product}
