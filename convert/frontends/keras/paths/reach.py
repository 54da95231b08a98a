"""How many neurons a linear path connects: foreseen from the settings of its layers, before anything is measured.

Rows and columns separate in every layer that keeps images, so two small matrices hold what a path connects; channels
are either mixed or kept apart. Where paths join, what any of them connects counts once. An upper bound, for choosing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convert.frontends.keras.shapes import as_image, image_axis
from convert.network import Convolution, ConvolutionTranspose, Shape
from convert.upstream.types import Layer, Node, Tensor

Connected = NDArray[np.bool_]
"""Shape (source positions, target positions) along one axis."""

EVERYWHERE = ("Flatten", "Reshape", "Permute", "GlobalAveragePooling")
"""Layers after which every position counts as connected to every one."""

MIXING = ("Conv", "ConvTranspose", "SeparableConv", "Dense", "Flatten", "Reshape", "Permute")
"""Layers that connect every channel with every one."""

DIMENSIONS = {"1D": 1, "2D": 2}
"""Of layers, by what their classes are called after."""
WIDTHS = {"bilinear": 1, "gaussian": 1.5, "bicubic": 2, "mitchellcubic": 2, "lanczos3": 3, "lanczos5": 5}
"""How many pixels away an interpolation still looks. Source: TensorFlow's sampling_kernels.h, resize_bicubic_op."""


@dataclass(frozen=True)
class Reach:
    """What of a tensor of ``channels`` reaches what of a target of ``target_channels``.

    ``down`` and ``up`` tell whether a layer on the way made the image smaller or larger, ``window`` whether one has
    windows that overlap, ``pads`` whether one sees zeros where the image ends, and ``border`` whether it does so after
    another one had such windows: shifted pixels then give other responses at the image's border.
    """

    rows: Connected
    columns: Connected
    channels: int
    target_channels: int
    mixed: bool
    down: bool = False
    up: bool = False
    window: bool = False
    pads: bool = False
    border: bool = False
    local: bool = False
    """Whether every pixel reaches its own alone."""

    @property
    def connections(self) -> int:
        """Pairs of neurons."""
        return self._pairs(int(np.count_nonzero(self.rows)) * int(np.count_nonzero(self.columns)))

    @property
    def singles(self) -> int:
        """Those that share no kernel: all of a path that goes down and up, and of one with a border of its own.

        Only the border has synapses of its own, but all tiles are then as small as its memory allows.
        """
        several = max(self.rows.shape[1], self.columns.shape[1]) > 1
        return self.connections if several and (self.border or (self.down and self.up)) else 0

    def _pairs(self, pixels: int) -> int:
        return pixels * (self.channels * self.target_channels if self.mixed else self.channels)

    def after(self, first: Reach) -> Reach:
        """The path that goes over ``first`` and then over this one."""
        mixed = self.mixed or first.mixed
        if self.local or first.local:
            rows, columns = (first.rows, first.columns) if self.local else (self.rows, self.columns)
        else:
            rows = _chained(first.rows, self.rows)
            square = self.rows is self.columns and first.rows is first.columns
            columns = rows if square else _chained(first.columns, self.columns)
        down, up = self.down or first.down, self.up or first.up
        window, pads = self.window or first.window, self.pads or first.pads
        border = self.border or first.border or (first.window and self.pads)
        local = self.local and first.local
        return Reach(rows, columns, first.channels, self.target_channels, mixed, down, up, window, pads, border, local)

    def beside(self, other: Reach | None) -> Reach:
        """This path and another one between the same two tensors."""
        if other is None:
            return self
        rows = self.rows | other.rows
        square = self.rows is self.columns and other.rows is other.columns
        return replace(
            self,
            rows=rows,
            columns=rows if square else self.columns | other.columns,
            mixed=self.mixed or other.mixed,
            down=self.down or other.down,
            up=self.up or other.up,
            window=self.window or other.window,
            pads=self.pads or other.pads,
            border=self.border or other.border,
            local=self.local and other.local,
        )


def identity(shape: Shape) -> Reach:
    """A tensor reaches itself."""
    rows = np.eye(shape[0], dtype=bool)
    columns = rows if shape[0] == shape[1] else np.eye(shape[1], dtype=bool)
    return Reach(rows, columns, shape[2], shape[2], False, local=True)


def reach_of(node: Node, source: Shape, target: Shape) -> Reach:
    """What the call ``node`` of a layer connects between one of its inputs and its output."""
    layer = node.layer
    kind, _ = _kind(layer)
    if kind in ("Reshape", "Flatten") and source == target:
        return identity(source)
    rows, columns = (_connected(layer, axis, source[axis], target[axis]) for axis in (0, 1))
    if np.array_equal(rows, columns):
        columns = rows  # one object: what is square is chained once
    mixed = kind in MIXING and getattr(layer, "groups", 1) == 1
    down, up = target[0] * target[1] < source[0] * source[1], target[0] * target[1] > source[0] * source[1]
    padded = kind in ("ZeroPadding", "Cropping")
    window = any(min(axis.sum(axis=0).max(), axis.sum(axis=1).max()) > 1 for axis in (rows, columns))
    pads = any(np.ptp(axis.sum(axis=0)) > 0 for axis in (rows, columns))
    local = source[:2] == target[:2] and all(np.array_equal(axis, np.eye(*axis.shape)) for axis in (rows, columns))
    scaled = (down and not padded, up and not padded)
    return Reach(rows, columns, source[2], target[2], mixed, *scaled, window, pads, False, local)


def shape_of(tensor: Tensor) -> Shape:
    """(rows, columns, channels) of any tensor in a model; one of more axes counts as a vector."""
    sizes = [int(size) for size in tensor.shape[1:]]
    return as_image(sizes) or (1, 1, int(np.prod(sizes)))


def _kind(layer: Layer) -> tuple[str, int]:
    """The class without its dimensions, 'Conv' for a Conv1D or Conv2D, and how many these are (else two)."""
    name = type(layer).__name__
    for ending, dimensions in DIMENSIONS.items():
        if ending in name:
            return name.replace(ending, ""), dimensions
    return name, 2


def _connected(layer: Layer, axis: int, source: int, target: int) -> Connected:
    kind, dimensions = _kind(layer)
    at = image_axis(axis, dimensions)
    if kind in EVERYWHERE:
        return np.ones((source, target), bool)
    if at is None:
        return np.eye(source, target, dtype=bool)
    if kind in ("Conv", "DepthwiseConv", "SeparableConv"):
        dilation = layer.dilation_rate[at]
        size = (layer.kernel_size[at] - 1) * dilation + 1
        return _convolved(size, layer.strides[at], layer.padding, source, target, dilation)
    if kind in ("AveragePooling", "MaxPooling"):
        return _convolved(layer.pool_size[at], layer.strides[at], layer.padding, source, target)
    if kind == "ConvTranspose":
        kernel = np.ones((layer.kernel_size[at], 1, 1, 1))
        taps = ConvolutionTranspose(kernel, (layer.strides[at], 1), layer.padding).taps(0, source, target)
        return np.asarray(taps >= 0)
    if kind == "UpSampling":
        width = WIDTHS.get(getattr(layer, "interpolation", "nearest"), 0.5)
        return _upsampled(np.atleast_1d(layer.size)[at], width, source, target)
    if kind in ("ZeroPadding", "Cropping"):
        margins = layer.padding if kind == "ZeroPadding" else layer.cropping
        before = np.reshape(margins, (dimensions, 2))[at, 0] * (1 if kind == "ZeroPadding" else -1)
        return np.asarray(np.arange(source)[:, None] + before == np.arange(target)[None, :])
    return np.ones((source, target), bool) if source != target else np.eye(source, dtype=bool)


def _convolved(size: int, stride: int, padding: str, source: int, target: int, dilation: int = 1) -> Connected:
    if padding == "causal":  # zeros before the first step only
        return _convolved(size, stride, "valid", source + size - 1, target, dilation)[size - 1 :]
    transform = Convolution(np.ones((size, 1, 1, 1)), (stride, 1), "same" if padding == "same" else "valid")
    taps = transform.taps(0, source, target)
    return np.asarray((taps >= 0) & (taps % dilation == 0))


def _upsampled(factor: int, width: float, source: int, target: int) -> Connected:
    """A pixel reaches what is closer than ``width``, in pixels of the source; itself alone for half a pixel."""
    centre = (np.arange(target)[None, :] + 0.5) / factor - 0.5
    distance = np.abs(np.arange(source)[:, None] - np.clip(centre, 0, source - 1))
    return np.asarray(distance < width if width > 0.5 else distance <= width)


def _chained(first: Connected, second: Connected) -> Connected:
    return np.asarray((first.astype(np.float32) @ second.astype(np.float32)) > 0)
