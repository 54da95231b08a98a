"""Shapes as people know them and as a network takes them: a vector is one pixel, a sequence one row of pixels."""

from __future__ import annotations

from math import prod

from convert.errors import UserError
from convert.upstream.types import Values

AnyShape = tuple[int | None, ...]
"""Without the batch; None is any size."""


def fit_axes(pixels: Values, shape: AnyShape, name: str) -> Values:
    """``pixels`` as a network takes them whose input of ``shape`` is one pixel, for a vector, or one row."""
    if len(shape) != 3 or pixels.ndim == 3 or shape[0] != 1:
        if len(shape) == 3 and pixels.ndim == 1 and pixels.size == numbers_in(shape):
            raise UserError(_other_shape(pixels, shape, name))
        return pixels
    if _without_ones(pixels.shape) == _without_ones(shape):
        return pixels.reshape([size or 1 for size in shape])
    if pixels.ndim == 2 and pixels.shape[1] == shape[2]:
        return pixels[None]
    raise UserError(_other_shape(pixels, shape, name))


def _other_shape(pixels: Values, shape: AnyShape, name: str) -> str:
    wanted = own_shape(shape)
    if pixels.ndim == 2 and pixels.shape[::-1] == wanted:
        way_out = "save the array as x.transpose(0, 2, 1)"
    elif pixels.size == numbers_in(shape):
        way_out = f"save the array as x.reshape(len(x), {', '.join(map(str, wanted))})"
    else:
        way_out = f"save an array of shape (n, {', '.join(map(str, wanted))})"
    return f"{name}: {_kind(pixels)} of shape {pixels.shape}, the model takes {in_words(shape)}; {way_out}"


def _kind(pixels: Values) -> str:
    return {1: "a vector", 2: "a sequence"}.get(pixels.ndim, "an image")


def in_words(shape: AnyShape) -> str:
    """'8 x 8 x 3', or '40' for a vector."""
    return " x ".join("any" if n is None else str(n) for n in own_shape(shape))


def own_shape(shape: AnyShape) -> AnyShape:
    """``shape`` as people know it: that of a vector or a sequence where it is one pixel or one row."""
    if len(shape) == 3 and shape[0] == 1:
        return shape[1:] if shape[1] != 1 else shape[2:]
    return shape


def _without_ones(shape: AnyShape) -> AnyShape:
    return tuple(size for size in shape if size != 1)


def numbers_in(shape: AnyShape | None) -> int | None:
    """How many numbers an array of ``shape`` has; None if that is not known."""
    if shape is None or None in shape:
        return None
    return prod(size or 0 for size in shape)
