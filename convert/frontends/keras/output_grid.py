"""Where the pixels of a model's output lie in its input: told by kernel sizes, strides, padding and crops.

Along one axis position p of a tensor is at the input's position p * step + first, the middle of what it sees. Where
paths join, such as a skip and an up-convolution, ``first`` may differ by path; the output's is between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

from convert.padding import leading_zeros
from convert.report import OutputGrid
from convert.upstream.types import Layer, Model, Node

from .nodes import nodes_of

HALF = Fraction(1, 2)
"""So far an output pixel may be from the middle of what it sees, in input pixels: as even kernels have it."""

WINDOWS = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "AveragePooling2D", "MaxPooling2D")
SHAPING = ("Reshape", "Flatten")
"""Layers that keep the order of pixels; whether they are a map of the same size again is looked at in the end."""


@dataclass(frozen=True)
class Axis:
    """``size`` positions of a tensor, and where they lie in the input: ``first`` is between ``low`` and ``high``."""

    size: int
    step: Fraction = Fraction(1)
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(0)

    def seen_from(self, size: int, step: Fraction | int, first: Fraction | int) -> Axis:
        """That of a tensor whose position p is at this one's p * ``step`` + ``first``."""
        return Axis(size, self.step * step, self.low + self.step * first, self.high + self.step * first)


Axes = tuple[Axis, Axis]
"""Rows and columns."""


def output_grid(model: Model) -> OutputGrid | None:
    """Where the pixels of the first output of the flat ``model``, a map, lie in its input.

    None for an output that is no map, and where its layers do not tell: between two pixels, or paths that disagree.
    """
    shape, size = tuple(model.outputs[0].shape)[1:], tuple(model.inputs[0].shape)[1:3]
    if len(shape) != 3:
        return None
    if shape[:2] == size:
        return OutputGrid(input_size=size, size=size)
    axes = _axes_of_output(model)
    if axes is None or (axes[0].size, axes[1].size) != shape[:2]:
        return None
    rows, columns = (_offset(axis, whole) for axis, whole in zip(axes, size, strict=True))
    if rows is None or columns is None:
        return None
    stride = (int(axes[0].step), int(axes[1].step))
    return OutputGrid(input_size=size, size=shape[:2], stride=stride, offset=(rows, columns))


def _offset(axis: Axis, whole: int) -> int | None:
    """The one position of the first output pixel, of ``whole`` ones, that its layers allow: the nearest to centred."""
    if axis.step.denominator > 1 or axis.step < 1:
        return None
    most = whole - 1 - int(axis.step) * (axis.size - 1)
    allowed = range(max(0, ceil(axis.low - HALF)), min(most, floor(axis.high + HALF)) + 1)
    off_centre = sorted((abs(2 * offset - most), offset) for offset in allowed)
    if not off_centre or (len(off_centre) > 1 and off_centre[0][0] == off_centre[1][0]):
        return None
    return off_centre[0][1]


def _axes_of_output(model: Model) -> Axes | None:
    """The axes of the first output; None if it has no place in the image."""
    rows, columns = tuple(model.inputs[0].shape)[1:3]
    found: dict[int, Axes | None] = {id(model.inputs[0]): (Axis(rows), Axis(columns))}
    for node in nodes_of(model):
        given = [found[id(tensor)] for tensor in node.keras_inputs]
        found[id(node.outputs)] = _after(node, [axes for axes in given if axes is not None])
    return found[id(model.outputs[0])]


def _after(node: Node, given: Sequence[Axes]) -> Axes | None:
    """The axes of the output of one call; ``given`` are those of its inputs that have a place in the image."""
    kind, shape = type(node.layer).__name__, tuple(node.outputs.shape)[1:]
    if not given:
        return None
    if kind in SHAPING or len(shape) == 2:
        return given[0]
    if len(shape) != 3 or (kind == "Permute" and tuple(node.layer.dims) != (1, 2, 3)):
        return None
    found = [_joined([_along(node.layer, i, axes[i], shape[i]) for axes in given]) for i in (0, 1)]
    return None if found[0] is None or found[1] is None else (found[0], found[1])


def _joined(paths: Sequence[Axis | None]) -> Axis | None:
    """One axis of a tensor that comes by several ``paths``; None is one that tells nothing."""
    known = [axis for axis in paths if axis is not None]
    if len({axis.step for axis in known}) != 1:
        return None
    return replace(known[0], low=min(axis.low for axis in known), high=max(axis.high for axis in known))


def _along(layer: Layer, axis: int, source: Axis, target: int) -> Axis | None:
    """The axis of the output of ``layer``, of ``target`` positions, for an input that has the axis ``source``."""
    kind = type(layer).__name__
    if kind in (*WINDOWS, "Conv2DTranspose"):
        taps = layer.pool_size if "Pooling" in kind else layer.kernel_size
        dilation = getattr(layer, "dilation_rate", (1, 1))[axis]
        size, stride, padding = (taps[axis] - 1) * dilation + 1, layer.strides[axis], layer.padding
        middle = Fraction(size - 1, 2)
        if kind in WINDOWS:
            return source.seen_from(target, stride, middle - leading_zeros(source.size, target, size, stride, padding))
        offset = leading_zeros(target, source.size, size, stride, padding)  # the adjoint, which also may be cut
        return source.seen_from(target, Fraction(1, stride), (offset - middle) / stride)
    if kind == "UpSampling2D":
        times = layer.size[axis]
        return source.seen_from(target, Fraction(1, times), Fraction(1 - times, 2 * times))
    if kind in ("Cropping2D", "ZeroPadding2D"):
        before = layer.cropping[axis][0] if kind == "Cropping2D" else -layer.padding[axis][0]
        return source.seen_from(target, 1, before)
    return source if source.size == target else None
