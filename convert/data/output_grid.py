"""Labels and images where a model's output has pixels, and the inputs whose outputs tile a whole image.

Where the output is smaller than the input, or only every second pixel, a whole image is cut so that the *outputs*
tile it; inputs that reach beyond its border see it mirrored there ("overlap-tile strategy", Ronneberger et al. 2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from convert.report import OutputGrid
from convert.upstream.types import Values

Size = tuple[int, int]
"""(rows, columns) in pixels."""

Number = TypeVar("Number", bound=np.generic)


def pixels(grid: OutputGrid, image_size: Size) -> tuple[range, range]:
    """The rows and columns of an image at which its output has pixels.

    Of an image of the input's size those of ``grid``; of any other one every ``stride``-th, up to its border.
    """
    each = zip(image_size, grid.input_size, grid.size, grid.stride, grid.offset, strict=True)
    rows, columns = (
        range(offset, offset + stride * size, stride)
        if image_size == grid.input_size
        else range(offset % stride, image, stride)
        for image, _, size, stride, offset in each
    )
    return rows, columns


def on_grid(grid: OutputGrid, values: NDArray[Number]) -> NDArray[Number]:
    """What of ``values``, shape (rows, columns, ...) of an image, is where its output has pixels."""
    rows, columns = pixels(grid, (values.shape[0], values.shape[1]))
    return values[rows.start : rows.stop : rows.step, columns.start : columns.stop : columns.step]


def output_size(grid: OutputGrid, image_size: Size) -> Size:
    """The rows and columns of the output of a whole image."""
    rows, columns = pixels(grid, image_size)
    return len(rows), len(columns)


def corners(grid: OutputGrid, outputs: Sequence[Size]) -> list[Size]:
    """The first pixel of the input whose output begins at each of ``outputs``; negative before the image's border."""
    row, column = ((offset // stride) * stride for offset, stride in zip(grid.offset, grid.stride, strict=True))
    return [(y * grid.stride[0] - row, x * grid.stride[1] - column) for y, x in outputs]


def mirrored(image: Values, grid: OutputGrid) -> tuple[Values, Size]:
    """``image`` with as much of its mirror image around it as inputs see that begin at ``corners``, and how many rows
    and columns of it come before the image. An image of the input's size stays as it is."""
    size = (image.shape[0], image.shape[1])
    if size == grid.input_size:
        return image, (0, 0)
    whole = output_size(grid, size)
    first, last = corners(grid, [(0, 0), (whole[0] - grid.size[0], whole[1] - grid.size[1])])
    sides = [(-first[i], max(0, last[i] + grid.input_size[i] - size[i])) for i in range(2)]
    if not any(any(side) for side in sides):
        return image, (0, 0)
    around = [*sides, *[(0, 0)] * (image.ndim - 2)]
    return np.pad(image, around, mode="reflect"), (sides[0][0], sides[1][0])


def least_image(grid: OutputGrid) -> Size:
    """The rows and columns of the smallest image whose output is at least that of one input."""
    each = zip(grid.size, grid.stride, grid.offset, strict=True)
    rows, columns = (offset % stride + stride * (size - 1) + 1 for size, stride, offset in each)
    return rows, columns


def overlap_of(grid: OutputGrid) -> int:
    """By how many output pixels crops of a whole image overlap: inputs by an eighth, their margins included."""
    each = zip(grid.input_size, grid.size, grid.stride, strict=True)
    margin = min(taken - 1 - stride * (made - 1) for taken, made, stride in each)
    return max(0, min(grid.input_size) // 8 - margin) // max(grid.stride)
