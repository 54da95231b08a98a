"""Sums and means over rows, columns and channels, as layers."""

from __future__ import annotations

from math import prod

import numpy as np

from convert.upstream.types import Layer, Module

from . import fixed
from .indexing import IMAGE_AXES
from .operation import Builder, Operation, Steps


def _reduced(keras: Module, op: Operation) -> Steps | None:
    """The mean over some axes of an image, times how many numbers there are for a sum."""
    over = op.argument(("axis",), 1)
    axes = {int(axis) % len(op.shape) for axis in np.ravel(over)} if over is not None else set()
    if not axes or 0 in axes or len(op.shape) != IMAGE_AXES:
        return None
    keep, layers = bool(op.argument(("keepdims",), 2, False)), keras.layers
    steps: list[Layer] = []
    if axes == {1, 2}:
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


BUILDERS: dict[str, Builder] = {"mean": _reduced, "sum": _reduced}
