"""A block: the neurons of one population on one core; and a copy, which computes neurons of blocks once more."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from partition.core.packing import PLAIN, Packing
from partition.geometry.part import extent_of
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
        return extent_of(self.slice)

    @property
    def neurons(self) -> int:
        return prod(self.extent)


@dataclass(frozen=True)
class Copy(Block):
    """Neurons of a population that a further core computes too, so that their spikes need not come from another chip.

    A rectangle within one tile of channels, which may reach over the borders of blocks.
    """

    packing: Packing = PLAIN
