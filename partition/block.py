"""A block: the neurons of one population on one core."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from partition.geometry.tile import Slices, Tile


@dataclass(frozen=True)
class Block:
    """The neurons of one core: the half-open ranges of rows, columns and channels of one population."""

    layer: str
    slice: Slices
    chip: int
    core: int

    @property
    def extent(self) -> Tile:
        """Rows, columns and channels, fewer than the tile's at a border."""
        (y0, y1), (x0, x1), (c0, c1) = self.slice
        return (y1 - y0, x1 - x0, c1 - c0)

    @property
    def neurons(self) -> int:
        return prod(self.extent)
