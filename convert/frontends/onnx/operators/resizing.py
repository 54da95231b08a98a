"""Images made larger or smaller, by the nearest pixel or by a line between two, in all the ways that ONNX has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convert.frontends.onnx.axes import along, image
from convert.frontends.onnx.held import Held
from convert.frontends.onnx.node import Node, UnheldError

ROUNDED = {
    "round_prefer_floor": lambda at: np.ceil(at - 0.5),
    "round_prefer_ceil": lambda at: np.floor(at + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}
"""Which pixel is nearest. Source: ONNX, operator Resize, nearest_mode."""


def positions(size: int, target: int, scale: float, mode: str) -> NDArray[np.float64]:
    """Where each of ``target`` pixels lies among ``size`` ones. Source: ONNX, Resize, coordinate_transformation_mode."""
    i = np.arange(target)
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


def interpolation(at: NDArray[np.float64], size: int, rounded: str | None) -> NDArray[np.float64]:
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
    if 0 in matrices or 1 in matrices and len(x.order) > 2:
        raise UnheldError("it resizes more than rows and columns; use Upsample")
    factors = [matrices[a].shape[1] // x.shape[a] if a in matrices else 1 for a in range(2, len(x.order))]
    if (kind := _whole(x, matrices, factors)) is not None:
        x = image(node, x)
        size, more = (factors[0], {}) if len(factors) == 1 else (factors, {"interpolation": kind})
        return Held(node.called(f"UpSampling{len(factors)}D", x.tensor, size=size, **more), x.order)
    for axis, matrix in matrices.items():
        x = along(node, x, axis, matrix, f"along_{axis}")
    return x


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


def _whole(x: Held, matrices: dict[int, NDArray[np.float64]], factors: list[int]) -> str | None:
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
