"""Rectangles of neurons that fit a core and have the integers of the blocks there, and covers of areas by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from convert.network import Shape
from partition.geometry.blocks import Floats, Ints, counts
from partition.geometry.links import KernelLink, Link, SeparableLink
from partition.geometry.tile import Range, Slices, Tile, tile_slices

from .demand import Bools
from .fits import Fits
from .places import Area, Size, places

GROWN = 2
"""A rectangle whose integers would be others grows by up to so many rows and columns: those of a stride of 3."""

Where = tuple[Ints, ...]
"""An index into arrays of shape (rows, columns, channel tiles)."""


@dataclass(frozen=True)
class Rectangles:
    """What may be copied of each layer if ``tiles`` cut the layers; what was found out is kept."""

    fits: Fits
    tiles: Mapping[str, Tile]
    _reach: dict[int, tuple[Floats, Floats, Floats]] = field(default_factory=dict, init=False, repr=False)
    _sources: dict[tuple[str, Slices], list[tuple[str, Where]]] = field(default_factory=dict, init=False, repr=False)
    _sizes: dict[tuple[str, int], list[Size]] = field(default_factory=dict, init=False, repr=False)
    _scale_of_blocks: dict[str, Ints] = field(default_factory=dict, init=False, repr=False)
    _scales: dict[tuple[float, ...], int] = field(default_factory=dict, init=False, repr=False)
    _covers: dict[tuple[str, int, bytes], tuple[Slices, ...] | None] = field(
        default_factory=dict, init=False, repr=False
    )

    def place(self, layer: str, slices: Slices) -> tuple[slice, slice, int]:
        """Where a rectangle lies in arrays of shape (rows, columns, channel tiles)."""
        return slice(*slices[0]), slice(*slices[1]), slices[2][0] // self.tiles[layer][2]

    def reach(self, link: Link) -> tuple[Floats, Floats, Floats]:
        """1 where a position of the source reaches one of the target, 0 elsewhere: rows, columns, channel tiles."""
        if id(link) not in self._reach:
            if isinstance(link, KernelLink):
                tiles = [counts(self._shape(name), self.tiles[name])[2] for name in (link.source, link.target)]
                parts = [link.rows >= 0, link.columns >= 0, np.ones(tiles, bool)]
            else:
                assert isinstance(link, SeparableLink)
                first = [
                    np.arange(0, size, self.tiles[name][2])
                    for name, size in zip((link.source, link.target), link.connected[2].shape, strict=True)
                ]
                channels = np.logical_or.reduceat(
                    np.logical_or.reduceat(link.connected[2], first[0], axis=0), first[1], axis=1
                )
                parts = [link.connected[0], link.connected[1], channels]
            self._reach[id(link)] = tuple(part.astype(np.float32) for part in parts)  # type: ignore[assignment]
        return self._reach[id(link)]

    def least_cores(self, layer: str, pixels: int) -> int:
        """The cores that so many pixels of one channel tile take at least."""
        depth = min(self.tiles[layer][2], self._shape(layer)[2])
        return -(-pixels * depth // self.fits.chip.compartments)

    def sources(self, layer: str, slices: Slices) -> list[tuple[str, Where]]:
        """Where the neurons of each chip population lie that reach a rectangle, once for each link."""
        key = (layer, slices)
        if key not in self._sources:
            self._sources[key] = []
            for link in self.fits.from_chip[layer]:
                rows, columns, tiles = self.reach(link)
                inside = self.place(layer, slices)
                some = (rows[:, inside[0]].any(axis=1), columns[:, inside[1]].any(axis=1), tiles[:, inside[2]])
                self._sources[key].append((link.source, np.ix_(*(np.flatnonzero(part) for part in some))))
        return self._sources[key]

    def same_integers(self, layer: str, slices: Slices) -> bool:
        """Whether a block of these neurons has the integers of those that hold them."""
        (y0, y1), (x0, x1), (first, _) = slices
        height, width, depth = self.tiles[layer]
        blocks = self._scales_of_blocks(layer)
        touched = blocks[y0 // height : -(-y1 // height), x0 // width : -(-x1 // width), first // depth]
        own = self._scales.get(self.fits.scale(layer, slices))
        return own is not None and bool((touched == own).all())

    def _scales_of_blocks(self, layer: str) -> Ints:
        """Shape (rows, columns, channel tiles) of the blocks: equal numbers where integers are the same."""
        if layer not in self._scale_of_blocks:
            shape, tile = self._shape(layer), self.tiles[layer]
            scales = [self.fits.scale(layer, block) for block in tile_slices(shape, tile)]
            numbers = [self._scales.setdefault(scale, len(self._scales)) for scale in scales]
            self._scale_of_blocks[layer] = np.array(numbers, np.int64).reshape(counts(shape, tile))
        return self._scale_of_blocks[layer]

    def cover(self, layer: str, channel_tile: int, area: Bools) -> tuple[Slices, ...] | None:
        """Rectangles that hold all pixels of ``area``, one for each core; None if none were found that fit."""
        key = (layer, channel_tile, np.packbits(area).tobytes())
        if key not in self._covers:
            self._covers[key] = self._covered(layer, channel_tile, area)
        return self._covers[key]

    def _covered(self, layer: str, channel_tile: int, area: Bools) -> tuple[Slices, ...] | None:
        left, found = area.copy(), []
        while left.any():
            slices = next(self._largest(layer, channel_tile, left, area), None)
            if slices is None:
                return None
            found.append(slices)
            left[slice(*slices[0]), slice(*slices[1])] = False
        return tuple(found)

    def _largest(self, layer: str, channel_tile: int, left: Bools, area: Bools) -> Iterator[Slices]:
        """Rectangles within ``area`` that fit a core, the one with the most pixels of ``left`` first."""
        depth, shape = self.tiles[layer][2], self._shape(layer)
        channels = (channel_tile * depth, min((channel_tile + 1) * depth, shape[2]))
        for place in places(left, area, self._sizes_of(layer, channels)):
            for grown in _grown(place, shape):
                slices = (*grown, channels)
                if self.same_integers(layer, slices) and self.fits.packing(layer, slices) is not None:
                    yield slices

    def _sizes_of(self, layer: str, channels: Range) -> list[Size]:
        """(rows, columns) of rectangles that fit a core in the middle of the layer, none within another."""
        key = (layer, channels[0])
        if key not in self._sizes:
            self._sizes[key] = list(self._fitting(layer, channels))
        return self._sizes[key]

    def _fitting(self, layer: str, channels: Range) -> Iterator[Size]:
        rows, columns, _ = self._shape(layer)
        most, widest = self.fits.chip.compartments // (channels[1] - channels[0]), 0
        for height in range(min(rows, most), 0, -1):
            width = min(columns, most // height)
            y, x = (rows - height) // 2, (columns - width) // 2
            while width > widest and self.fits.packing(layer, ((y, y + height), (x, x + width), channels)) is None:
                width -= 1
            if width > widest:
                widest = width
                yield height, width

    def _shape(self, layer: str) -> Shape:
        return self.fits.network.shape_of(layer)


def _grown(place: Area, shape: Shape) -> Iterator[Area]:
    """``place`` itself, then larger by a few rows and columns."""
    (y0, y1), (x0, x1) = place
    for by in range(GROWN + 1):
        for up, left in {(0, 0), (by, 0), (0, by), (by, by)}:
            for down, right in {(0, 0), (by, 0), (0, by), (by, by)}:
                yield (max(0, y0 - up), min(shape[0], y1 + down)), (max(0, x0 - left), min(shape[1], x1 + right))
