"""Tiles: the rectangles into which a population is cut, each for one core."""

from __future__ import annotations

from itertools import product

from convert.network import Shape

Range = tuple[int, int]
Tile = tuple[int, int, int]
"""(rows, columns, channels) of a population on one core."""
Slices = tuple[Range, Range, Range]
"""The half-open ranges of rows, columns and channels of one block."""


def tile_slices(shape: Shape, tile: Tile) -> list[Slices]:
    """The blocks into which ``tile`` cuts ``shape``: rows slowest, channels fastest, as NengoLoihi orders them."""
    ranges = [[(i, min(i + step, size)) for i in range(0, size, step)] for size, step in zip(shape, tile, strict=True)]
    return [(rows, columns, channels) for rows, columns, channels in product(*ranges)]
