"""Pools: means of windows and of whole images; maxima, which conversion replaces."""

from __future__ import annotations

from functools import reduce
from math import prod

import numpy as np
from numpy.typing import NDArray

from convert.frontends.graph import Tensor
from convert.frontends.onnx.axes import along, axis_of, image, reshaped
from convert.frontends.onnx.held import Held
from convert.frontends.onnx.node import Node, UnheldError
from convert.frontends.onnx.windows import Window, padded, windows_of

from .arithmetic import scaled
from .convolving import DIMENSIONS

KEEP_SIGN = ("MaxPooling", "AveragePooling", "GlobalMaxPooling", "GlobalAveragePooling", "ZeroPadding", "Cropping")
JOIN = ("Concatenate", "Add", "Average", "Maximum", "Minimum", "Reshape", "Permute")


def _windows(node: Node) -> tuple[Held, list[Window]]:
    x = image(node, node.held())
    taps = node.numbers("kernel_shape") or []
    if len(taps) not in (1, 2) or len(x.order) != len(taps) + 2:
        raise UnheldError(DIMENSIONS)
    windows = windows_of(node, x.shape[2:], taps)
    if max(w.dilation for w in windows) > 1:
        raise UnheldError("its windows are dilated; only dilation=1 converts")
    return x, windows


def average_pool(node: Node) -> Held:
    """An AveragePooling of an image with zeros around it, each mean corrected by how many pixels it counts."""
    x, windows = _windows(node)
    tensor = padded(node, x.tensor, [(w.before, w.end) for w in windows])
    pooled = Held(node.called(f"AveragePooling{len(windows)}D", tensor, **_settings(windows)), x.order)
    counted = [_counted(w, bool(node.number("count_include_pad", 0))) for w in windows]
    if all((share == 1).all() for share in counted):
        return pooled
    shares = reduce(np.multiply.outer, counted)
    return scaled(node, pooled, 1 / shares[..., None], 0.0, "counted")


def _settings(windows: list[Window]) -> dict[str, object]:
    return {
        "pool_size": [w.taps for w in windows],
        "strides": [w.stride for w in windows],
        "padding": "valid",
    }


def _counted(window: Window, padding_too: bool) -> NDArray[np.float64]:
    """The share of each window's pixels that its mean counts; those that only rounding up brings never do."""
    first = np.arange(window.count)[:, None] * window.stride + np.arange(window.taps) - window.before
    low, high = (-window.before, window.size + window.after) if padding_too else (0, window.size)
    return np.asarray(((first >= low) & (first < high)).mean(axis=1))


def max_pool(node: Node) -> Held:
    """A MaxPooling; zeros around the image stand for what is less than everything where nothing is below zero."""
    x, windows = _windows(node)
    if node.outputs > 1:
        raise UnheldError("the places of its maxima are used (return_indices); use ConvTranspose2d or Upsample instead")
    kind = f"MaxPooling{len(windows)}D"
    if all(w.as_same for w in windows) and any(w.before or w.end > 0 for w in windows):
        return Held(node.called(kind, x.tensor, **{**_settings(windows), "padding": "same"}), x.order)
    if any(w.before or w.end > 0 for w in windows) and not _never_below_zero(x.tensor):
        raise UnheldError("it is padded, and its input may be below zero; put it after a ReLU, or pad without it")
    tensor = padded(node, x.tensor, [(w.before, w.end) for w in windows])
    return Held(node.called(kind, tensor, **_settings(windows)), x.order)


def _never_below_zero(tensor: Tensor) -> bool:
    """Whether layers tell that no value of ``tensor`` is below zero: a ReLU, or what joins and pools such."""
    kind = type(tensor.node.layer).__name__
    if kind == "ReLU":
        return True
    if kind.startswith(KEEP_SIGN) or kind in JOIN:
        given = tensor.node.keras_inputs
        return bool(given) and all(_never_below_zero(part) for part in given)
    return False


def _global(kind: str, node: Node) -> Held:
    x = image(node, node.held())
    if len(x.order) not in (3, 4):
        raise UnheldError(DIMENSIONS)
    return Held(node.called(f"Global{kind}Pooling{len(x.order) - 2}D", x.tensor, keepdims=True), x.order)


def _reduced(node: Node) -> Held:
    """The mean over some axes, or their sum."""
    x = node.held()
    given = node.numbers("axes", 1)
    if not given and node.number("noop_with_empty_axes", 0):
        return x
    axes = sorted(axis_of(node, x, axis) for axis in (given or range(1, len(x.order))))
    if axes == list(range(2, len(x.order))) and len(x.order) in (3, 4):
        made = _global("Average", node)
    else:
        made = x
        for axis in axes:
            size = made.shape[axis]
            made = along(node, made, axis, np.full((size, 1), 1 / size), f"mean_{axis}")
    if node.kind == "ReduceSum":
        made = scaled(node, made, float(prod(x.shape[axis] for axis in axes)), 0.0, "sum")
    return _without(node, made, axes)


def _reduced_max(node: Node) -> Held:
    x = node.held()
    axes = sorted(axis_of(node, x, axis) for axis in node.numbers("axes", 1) or range(1, len(x.order)))
    if axes != list(range(2, len(x.order))) or len(x.order) not in (3, 4):
        raise UnheldError("a maximum over channels; only one over all rows and columns converts, with --max-pooling")
    return _without(node, _global("Max", node), axes)


def _without(node: Node, x: Held, axes: list[int]) -> Held:
    if node.number("keepdims", 1):
        return x
    shape = [size for axis, size in enumerate(x.shape) if axis not in axes]
    if len(shape) < 2:
        raise UnheldError("it leaves one number of an image; keep an axis (keepdim=True)")
    return reshaped(node, x, shape)


OPERATORS = {
    "AveragePool": average_pool,
    "MaxPool": max_pool,
    "GlobalAveragePool": lambda node: _global("Average", node),
    "GlobalMaxPool": lambda node: _global("Max", node),
    "ReduceMean": _reduced,
    "ReduceSum": _reduced,
    "ReduceMax": _reduced_max,
}
