"""Images made larger or smaller, by the nearest pixel or by a line between two, in all the ways that ONNX has."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from convert.frontends.onnx.axes import along, image
from convert.frontends.onnx.held import Held
from convert.frontends.onnx.node import Node, UnheldError

from .arithmetic import scaled

Weights = NDArray[np.float64]

ROUNDED: dict[str, Callable[[Weights], Weights]] = {
    "round_prefer_floor": lambda at: np.ceil(at - 0.5),
    "round_prefer_ceil": lambda at: np.floor(at + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}
"""Which pixel is nearest. Source: ONNX, operator Resize, nearest_mode."""


def positions(size: int, target: int, scale: float, mode: str) -> Weights:
    """Where ``target`` pixels lie among ``size`` ones. Source: ONNX, Resize, coordinate_transformation_mode."""
    i = np.arange(target, dtype=np.float64)
    if mode == "asymmetric":
        return i / scale
    if mode == "align_corners":
        return i * ((size - 1) / max(target - 1, 1))
    if mode == "pytorch_half_pixel" and target == 1:
        return np.zeros(1)
    if mode == "half_pixel_symmetric":
        return size / 2 * (1 - target / (scale * size)) + (i + 0.5) / scale - 0.5
    if mode in ("half_pixel", "pytorch_half_pixel"):
        return (i + 0.5) / scale - 0.5
    raise UnheldError(f"coordinate_transformation_mode '{mode}' does not convert; use half_pixel or align_corners")


def interpolation(at: Weights, size: int, rounded: str | None) -> Weights:
    """The weights (size, target) of ``size`` pixels at positions ``at``: the nearest one's, or those of its two."""
    matrix = np.zeros((size, len(at)))
    target = np.arange(len(at))
    if rounded is not None:
        near = np.clip(ROUNDED[rounded](np.round(at, 9)), 0, size - 1).astype(int)
        matrix[near, target] = 1
        return matrix
    at = np.clip(at, 0, size - 1)
    low = np.minimum(at.astype(int), max(size - 2, 0))
    matrix[low, target] = 1 - (at - low)
    matrix[np.minimum(low + 1, size - 1), target] += at - low
    return matrix


def resize(node: Node) -> Held:
    """An UpSampling of whole factors where that does the same, else each axis times a matrix."""
    x, mode = node.held(), node.word("mode", "nearest")
    if mode not in ("nearest", "linear"):
        raise UnheldError(f"mode '{mode}' does not convert; use 'nearest' or 'bilinear'")
    if node.number("antialias", 0) or node.word("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise UnheldError("antialias and keep_aspect_ratio_policy do not convert; leave them at their defaults")
    how = "asymmetric" if node.kind == "Upsample" else node.word("coordinate_transformation_mode", "half_pixel")
    rounded = node.word("nearest_mode", "floor" if node.kind == "Upsample" else "round_prefer_floor")
    matrices = {
        axis: interpolation(
            positions(x.shape[axis], target, scale, how), x.shape[axis], rounded if mode == "nearest" else None
        )
        for axis, (target, scale) in _targets(node, x).items()
        if (target, scale) != (x.shape[axis], 1.0)
    }
    if 0 in matrices or (1 in matrices and len(x.order) > 2):
        raise UnheldError("it resizes more than rows and columns; use Upsample")
    factors = [matrices[a].shape[1] // x.shape[a] if a in matrices else 1 for a in range(2, len(x.order))]
    if (kind := _whole(x, matrices, factors)) is not None:
        x = image(node, x)
        size, more = (factors[0], {}) if len(factors) == 1 else (factors, {"interpolation": kind})
        return Held(node.called(f"UpSampling{len(factors)}D", x.tensor, size=size, **more), x.order)
    for axis, matrix in matrices.items():
        x = _twice(node, x, axis, matrix) or along(node, x, axis, matrix, f"along_{axis}")
    return x


def _twice(node: Node, x: Held, axis: int, matrix: Weights) -> Held | None:
    """Twice as many rows or columns, where each new one is made of the two that bilinear upsampling makes it of.

    Of its nearest n and the other o, bilinear b = (3 n + o) / 4, so that w n + v o = (w - 3 v) n + 4 v b: layers that
    reach no farther than their pixels do, as ``align_corners`` needs them. None where ``matrix`` is no such.
    """
    size, target = matrix.shape
    if len(x.order) != 4 or target != 2 * size:
        return None
    new = np.arange(target)
    near = new // 2
    other = np.clip(near + np.where(new % 2, 1, -1), 0, size - 1)
    of_near, of_other = matrix[near, new], np.where(near == other, 0, matrix[other, new])
    again = np.zeros_like(matrix)
    again[near, new] += of_near
    again[other, new] += of_other
    if not np.allclose(again, matrix):
        return None
    x = image(node, x)
    factors, shape = ((2, 1), (-1, 1, 1)) if axis == 2 else ((1, 2), (1, -1, 1))
    parts = []
    for kind, weights in (("nearest", of_near - 3 * of_other), ("bilinear", 4 * of_other)):
        larger = node.called("UpSampling2D", x.tensor, f"{kind}_{axis}", size=factors, interpolation=kind)
        parts.append(scaled(node, Held(larger, x.order), weights.reshape(shape), 0.0, f"{kind}_{axis}_scaled").tensor)
    return Held(node.called("Add", parts, f"sum_{axis}"), x.order)


def _targets(node: Node, x: Held) -> dict[int, tuple[int, float]]:
    """The new size of axes, and by how much it is meant to be larger."""
    old = node.kind == "Upsample" or len(node.inputs) == 2
    scales = node.settings.get("scales") if "scales" in node.settings else node.maybe(1 if old else 2, "scales")
    sizes = node.maybe(3, "sizes")
    axes = [axis % len(x.order) for axis in node.numbers("axes") or range(len(x.order))]
    if sizes is not None and np.size(sizes):
        return {axis: (int(n), int(n) / x.shape[axis]) for axis, n in zip(axes, np.ravel(sizes), strict=True) if axis}
    factors = [float(n) for n in np.ravel(np.asarray(scales if scales is not None else [1.0] * len(axes)))]
    found = zip(axes, factors, strict=True)
    return {axis: (int(np.floor(x.shape[axis] * scale)), scale) for axis, scale in found}


def _whole(x: Held, matrices: dict[int, Weights], factors: list[int]) -> str | None:
    """The interpolation of the UpSampling by ``factors`` that does the same as ``matrices``; None if there is none."""
    if len(x.order) not in (3, 4) or min(factors) < 1:
        return None
    for kind, rounded in (("nearest", "round_prefer_floor"), ("bilinear", None)):
        alike = [
            interpolation(
                positions(x.shape[a], x.shape[a] * factors[a - 2], factors[a - 2], "half_pixel"), x.shape[a], rounded
            )
            for a in matrices
        ]
        if all(m.shape == w.shape and np.allclose(m, w) for m, w in zip(matrices.values(), alike, strict=True)):
            return kind if kind == "nearest" or len(factors) == 2 else None
    return None


OPERATORS = {"Resize": resize, "Upsample": resize}
