"""``x[...]``, flips and the like, as layers: a choice of rows, columns and channels is linear."""

from __future__ import annotations

import numpy as np

from convert.frontends.keras import fixed
from convert.frontends.keras.shapes import IMAGE_RANK, as_image
from convert.upstream.types import Config, Layer, Module, Tensor

IMAGE_AXES = IMAGE_RANK + 1
"""Of a batch of images."""


def choice(keras: Module, key: Tensor, shape: tuple[int, ...], name: str) -> list[Layer] | None:
    """Layers that do ``x[key]`` to a tensor of ``shape``, the batch included; None if there are none."""
    entries = _entries(key, len(shape))
    if entries is None or entries[0] != slice(None):
        return None
    kept = [entry for entry in entries[1:] if entry is not None]
    whole = [_range(entry, size) for entry, size in zip(kept, shape[1:], strict=True)]
    layers = _picked(keras, whole, shape[1:], name)
    if layers is None:
        return None
    lengths = iter(whole)
    target = []
    for entry in entries[1:]:
        length = 1 if entry is None else len(next(lengths))
        if entry is None or isinstance(entry, slice):
            target.append(length)
    if len(target) != len(whole) or None in entries or (layers and len(whole) < IMAGE_RANK):
        layers.append(keras.layers.Reshape(target, name=f"{name}_axes"))
    return layers


def flipped(keras: Module, axes: Tensor, shape: tuple[int, ...], name: str) -> list[Layer] | None:
    """Layers that reverse the channels of a tensor of ``shape``; None for any other axis."""
    wanted = {axis % len(shape) for axis in (axes if isinstance(axes, (list, tuple)) else [axes])}
    if wanted != {len(shape) - 1}:
        return None
    return choice(keras, (..., slice(None, None, -1)), shape, name)


def _range(entry: int | slice, size: int) -> range:
    """The indices that ``entry`` keeps of an axis; one for a number, which takes the axis away."""
    if isinstance(entry, slice):
        return range(size)[entry]
    index = range(size)[entry]
    return range(index, index + 1)


def _picked(keras: Module, ranges: list[range], shape: tuple[int, ...], name: str) -> list[Layer] | None:
    """Layers that keep the indices ``ranges`` of each axis of a tensor of ``shape``, without the batch, as an image."""
    if all(found == range(size) for found, size in zip(ranges, shape, strict=True)):
        return []
    image = as_image(shape)
    if image is None:
        return None
    ranges = [range(1)] * (IMAGE_RANK - len(shape)) + ranges
    rows_columns = ranges[:2]
    if not all(ranges) or any(found.step < 1 for found in rows_columns):
        return None
    layers: list[Layer] = [] if len(shape) == IMAGE_RANK else [keras.layers.Reshape(image, name=f"{name}_image")]
    margins = [(found[0], size - 1 - found[-1]) for found, size in zip(rows_columns, image[:2], strict=True)]
    if any(any(pair) for pair in margins):
        layers.append(keras.layers.Cropping2D(margins, name=f"{name}_crop"))
    strides = (rows_columns[0].step, rows_columns[1].step)
    if max(strides) > 1:
        layers.append(fixed.pixels(keras, strides, f"{name}_pixels"))
    if ranges[2] != range(image[2]):
        layers.append(fixed.channels(keras, np.eye(image[2])[:, list(ranges[2])], f"{name}_channels"))
    return layers


def _entries(key: Tensor, axes: int) -> list[Tensor] | None:
    """``key`` with one entry for each axis, None where one is added; None if it holds anything but numbers, slices."""
    parts = [_as_slice(part) for part in (key if isinstance(key, (list, tuple)) else [key])]
    if not all(part is None or part is Ellipsis or isinstance(part, (int, slice)) for part in parts):
        return None
    taken = sum(part is not None and part is not Ellipsis for part in parts)
    at = next((i for i, part in enumerate(parts) if part is Ellipsis), len(parts))
    return [*parts[:at], *[slice(None)] * (axes - taken), *parts[at + 1 :]]


def _as_slice(part: int | slice | Config | None) -> Tensor:
    return slice(part["start"], part["stop"], part["step"]) if isinstance(part, dict) else part
