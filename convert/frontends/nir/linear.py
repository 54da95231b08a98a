"""The linear nodes of a graph: each is composed with what comes before it, up to neurons or the input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from convert.network import Array, Shape
from convert.network.transforms import Margins
from convert.upstream.types import Values

from .maps import MOST_NEURONS, Map, convolution, dense, identity, pool, scale, then
from .reading import Node

Size = tuple[int, ...]
"""Of a tensor in NIR, channels first."""


@dataclass(frozen=True)
class Part:
    """What one source brings: its spikes ``delay_steps`` later, by ``map``."""

    source: str
    map: Map
    delay_steps: int = 0


@dataclass(frozen=True)
class Signal:
    """What comes out of a node: the sum of ``parts``, and a ``constant`` in every step; ``size`` is NIR's."""

    size: Size
    shape: Shape
    parts: tuple[Part, ...]
    constant: Array

    def through(self, made: Map, size: Size, constant: Array | None = None) -> Signal:
        """After a linear map, which may add a ``constant`` of its own."""
        parts = tuple(replace(part, map=then(part.map, made)) for part in self.parts)
        own = np.zeros(made.target) if constant is None else constant
        return Signal(size, made.target, parts, (made.of(self.constant) if self.constant.any() else 0) + own)

    def ours(self, values: Values) -> Array:
        """Numbers of NIR's ``size``, or one for all, in our shape."""
        return in_our_order(np.broadcast_to(values, self.size), self.shape)


def shape_of(size: Size) -> Shape:
    """NIR's (n,), (channels, n) or (channels, rows, columns) as (rows, columns, channels)."""
    if not 1 <= len(size) <= 3 or min(size) < 1:
        raise ValueError(f"tensors of shape {size} are no vector, no sequence and no map")
    if prod(size) > MOST_NEURONS:
        raise ValueError(f"a tensor of shape {size} is more than the {MOST_NEURONS:,} neurons of any board")
    channels, *pixels = size
    rows, columns = (1, 1, *pixels)[-2:]
    return (int(rows), int(columns), int(channels))


def in_our_order(values: Values, shape: Shape) -> Array:
    """Numbers in NIR's order, channels first, as ``shape``."""
    rows, columns, channels = shape
    return np.asarray(values, np.float64).reshape(channels, rows, columns).transpose(1, 2, 0)


def source_signal(name: str, size: Size, shape: Shape) -> Signal:
    """The spikes of a source, as they are."""
    return Signal(size, shape, (Part(name, identity(shape)),), np.zeros(shape))


def added(signals: list[Signal]) -> Signal:
    """Several edges into one node: their sum."""
    first = signals[0]
    if any(signal.shape != first.shape for signal in signals):
        raise ValueError(f"shapes {', '.join(str(s.size) for s in signals)} meet, and only equal ones can be added")
    constant = np.sum([signal.constant for signal in signals], axis=0)
    return Signal(first.size, first.shape, tuple(p for s in signals for p in s.parts), constant)


def affine(node: Node, given: Signal) -> Signal:
    """Affine and Linear: a matrix (outputs, inputs)."""
    weight = node.array("weight")
    inputs = int(np.prod(given.size))
    if weight.ndim != 2 or weight.shape[1] != inputs:
        raise ValueError(f"its weights have shape {weight.shape}, and {inputs} numbers come in")
    constant = node.array("bias").reshape(1, 1, -1) if node.kind == "Affine" else None
    return given.through(dense(weight, given.shape), (len(weight),), constant)


def scaled(node: Node, given: Signal) -> Signal:
    return given.through(scale(given.ours(node.array("scale"))), given.size)


def convolved(node: Node, given: Signal) -> Signal:
    """Conv1d and Conv2d; the padding is explicit, as torch's is."""
    weight = node.array("weight")
    axes = 2 if node.kind == "Conv2d" else 1
    if weight.ndim != axes + 2 or len(given.size) != axes + 1:
        raise ValueError(f"its weights have shape {weight.shape}, and a tensor of shape {given.size} comes in")
    weight = weight if axes == 2 else weight[:, :, None]
    strides, dilation = (_pair(node, name, axes) for name in ("stride", "dilation"))
    groups = node.integers("groups", 1)[0]
    if groups < 1 or weight.shape[1] * groups != given.shape[2] or len(weight) % groups:
        raise ValueError(f"weights of shape {weight.shape} in {groups} groups do not take {given.shape[2]} channels")
    padding = _padding(node, axes, weight.shape[2:], dilation)
    made = convolution(weight, given.shape, strides, padding, dilation, groups)
    bias = np.broadcast_to(node.maybe("bias", 0.0), (len(weight),))
    return given.through(made, channels_first(made.target, axes), np.array(np.broadcast_to(bias, made.target)))


def pooled(node: Node, given: Signal) -> Signal:
    """SumPool2d and AvgPool2d, which counts the zeros of its padding."""
    size = _pair(node, "kernel_size", 2)
    made = windows_of(node, given, 1.0 if node.kind == "SumPool2d" else 1.0 / (size[0] * size[1]))
    return given.through(made, channels_first(made.target))


def windows_of(node: Node, given: Signal, weight: float = 1.0) -> Map:
    """The sum of each window of a pooling of any kind, times ``weight``."""
    if len(given.size) != 3:
        raise ValueError(f"a tensor of shape {given.size} comes in, and it takes (channels, rows, columns)")
    size, strides, (rows, columns) = (_pair(node, name, 2) for name in ("kernel_size", "stride", "padding"))
    return pool(given.shape, size, strides, ((rows, rows), (columns, columns)), weight)


def flattened(node: Node, given: Signal) -> Signal:
    """All axes as one, in NIR's order; our shape stays."""
    return replace(given, size=(int(np.prod(given.size)),))


LINEAR: dict[str, Callable[[Node, Signal], Signal]] = {
    "Affine": affine,
    "Linear": affine,
    "Scale": scaled,
    "Conv1d": convolved,
    "Conv2d": convolved,
    "SumPool2d": pooled,
    "AvgPool2d": pooled,
    "Flatten": flattened,
}
"""By kind: what a node makes of the sum of what comes in. Each raises ``ValueError`` for what cannot be."""


def channels_first(shape: Shape, axes: int = 2) -> Size:
    """NIR's size of a map, or of a sequence."""
    rows, columns, channels = shape
    return (channels, rows, columns) if axes == 2 else (channels, columns)


def _pair(node: Node, name: str, axes: int) -> tuple[int, int]:
    """A setting along rows and columns."""
    values, least = node.integers(name, 1), 0 if name == "padding" else 1
    if len(values) not in (1, axes) or min(values) < least:
        raise ValueError(f"its {name} is {values}")
    return (least, values[0]) if axes == 1 else (values[0], values[-1])


def _padding(node: Node, axes: int, kernel: tuple[int, ...], dilation: tuple[int, int]) -> Margins:
    """Zeros before and after, along rows and columns."""
    given = node.fields.get("padding", 0)
    if isinstance(given, str):
        if given == "valid":
            return (0, 0), (0, 0)
        if given != "same":
            raise ValueError(f"its padding is '{given}', neither 'same' nor 'valid' nor a number")
        total = [(n - 1) * d for n, d in zip(kernel, dilation, strict=True)]
        rows, columns = ((t // 2, t - t // 2) for t in total)
        return rows, columns
    row, column = _pair(node, "padding", axes)
    return (row, row), (column, column)
