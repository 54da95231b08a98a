"""Rectangles of neurons that fit a core and have the integers of the blocks there, and covers of areas by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from convert.network import Network, Shape
from partition.core.packing import Packing
from partition.geometry.blocks import Floats, Ints, counts
from partition.geometry.links import KernelLink, Link, SeparableLink
from partition.geometry.tile import Range, Slices, Tile
from partition.hardware import Chip

from .core_use import packing_for, scale_of
from .demand import Bools

GROWN = 2
"""A rectangle whose integers would be others grows by up to so many rows and columns: those of a stride of 3."""

Size = tuple[int, int]
Where = tuple[Ints, ...]
"""An index into arrays of shape (rows, columns, channel tiles)."""
Area = tuple[Range, Range]


@dataclass(frozen=True)
class Rectangles:
    """What may be copied of each layer; what was found out is kept."""

    network: Network
    links: Sequence[Link]
    tiles: Mapping[str, Tile]
    chip: Chip
    _reach: dict[int, tuple[Floats, Floats, Floats]] = field(default_factory=dict, init=False, repr=False)
    _sources: dict[tuple[str, Slices], list[tuple[str, Where]]] = field(default_factory=dict, init=False, repr=False)
    _sizes: dict[tuple[str, int], list[Size]] = field(default_factory=dict, init=False, repr=False)
    _scales: dict[tuple[str, Slices], tuple[float, ...]] = field(default_factory=dict, init=False, repr=False)
    _packings: dict[tuple[str, Slices], Packing | None] = field(default_factory=dict, init=False, repr=False)
    _covers: dict[tuple[str, int, bytes], tuple[Slices, ...] | None] = field(
        default_factory=dict, init=False, repr=False
    )

    def layers(self) -> list[str]:
        """The layers whose neurons may be copied: those that send spikes, and over whose links axes separate."""
        return [
            p.name
            for p in self.network.chip_populations
            if self.network.out_of(p.name)
            and all(isinstance(link, KernelLink | SeparableLink) for link in self.from_chip(p.name))
        ]

    def inward(self, layer: str) -> list[Link]:
        return [link for link in self.links if link.target == layer]

    def from_chip(self, layer: str) -> list[Link]:
        return [link for link in self.inward(layer) if self.network.population(link.source).on_chip]

    def place(self, layer: str, slices: Slices) -> tuple[slice, slice, int]:
        """Where a rectangle lies in arrays of shape (rows, columns, channel tiles)."""
        return slice(*slices[0]), slice(*slices[1]), slices[2][0] // self.tiles[layer][2]

    def reach(self, link: Link) -> tuple[Floats, Floats, Floats]:
        """1 where a position of the source reaches one of the target, 0 elsewhere: rows, columns, channel tiles."""
        key = self.links.index(link)
        if key not in self._reach:
            if isinstance(link, KernelLink):
                tiles = [
                    counts(self.network.shape_of(name), self.tiles[name])[2] for name in (link.source, link.target)
                ]
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
            self._reach[key] = tuple(part.astype(np.float32) for part in parts)  # type: ignore[assignment]
        return self._reach[key]

    def least_cores(self, layer: str, pixels: int) -> int:
        """The cores that so many pixels of one channel tile take at least."""
        depth = min(self.tiles[layer][2], self.network.shape_of(layer)[2])
        return -(-pixels * depth // self.chip.compartments)

    def sources(self, layer: str, slices: Slices) -> list[tuple[str, Where]]:
        """Where the neurons of each chip population lie that reach a rectangle, once for each link."""
        key = (layer, slices)
        if key not in self._sources:
            self._sources[key] = []
            for link in self.from_chip(layer):
                rows, columns, tiles = self.reach(link)
                inside = self.place(layer, slices)
                some = (rows[:, inside[0]].any(axis=1), columns[:, inside[1]].any(axis=1), tiles[:, inside[2]])
                self._sources[key].append((link.source, np.ix_(*(np.flatnonzero(part) for part in some))))
        return self._sources[key]

    def packing(self, layer: str, slices: Slices) -> Packing | None:
        """The packing by which a rectangle fits a core; None if none does."""
        key = (layer, slices)
        if key not in self._packings:
            self._packings[key] = packing_for(self.inward(layer), slices, self.chip)
        return self._packings[key]

    def same_integers(self, layer: str, slices: Slices) -> bool:
        """Whether a block of these neurons has the integers of those that hold them."""
        own = self._scale(layer, slices)
        blocks = _blocks_touched(self.network.shape_of(layer), self.tiles[layer], slices)
        return all(self._scale(layer, block) == own for block in blocks)

    def _scale(self, layer: str, slices: Slices) -> tuple[float, ...]:
        if (layer, slices) not in self._scales:
            self._scales[layer, slices] = scale_of(self.network.population(layer), self.inward(layer), slices)
        return self._scales[layer, slices]

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
        depth, shape = self.tiles[layer][2], self.network.shape_of(layer)
        channels = (channel_tile * depth, min((channel_tile + 1) * depth, shape[2]))
        for place in _places(left, area, self._sizes_of(layer, channels)):
            for grown in _grown(place, shape):
                slices = (*grown, channels)
                if self.same_integers(layer, slices) and self.packing(layer, slices) is not None:
                    yield slices

    def _sizes_of(self, layer: str, channels: Range) -> list[Size]:
        """(rows, columns) of rectangles that fit a core in the middle of the layer, none within another."""
        key = (layer, channels[0])
        if key not in self._sizes:
            self._sizes[key] = list(self._fitting(layer, channels))
        return self._sizes[key]

    def _fitting(self, layer: str, channels: Range) -> Iterator[Size]:
        rows, columns, _ = self.network.shape_of(layer)
        most, widest = self.chip.compartments // (channels[1] - channels[0]), 0
        for height in range(min(rows, most), 0, -1):
            width = min(columns, most // height)
            y, x = (rows - height) // 2, (columns - width) // 2
            while width > widest and self.packing(layer, ((y, y + height), (x, x + width), channels)) is None:
                width -= 1
            if width > widest:
                widest = width
                yield height, width


def _blocks_touched(shape: Shape, tile: Tile, slices: Slices) -> Iterator[Slices]:
    """The blocks that hold neurons of a rectangle within one tile of channels."""
    rows, columns = (range(slices[axis][0] // tile[axis], -(-slices[axis][1] // tile[axis])) for axis in (0, 1))
    for y in rows:
        for x in columns:
            row, column = ((i * tile[axis], min((i + 1) * tile[axis], shape[axis])) for axis, i in enumerate((y, x)))
            yield row, column, slices[2]


def _grown(place: Area, shape: Shape) -> Iterator[Area]:
    """``place`` itself, then larger by a few rows and columns."""
    (y0, y1), (x0, x1) = place
    for by in range(GROWN + 1):
        for up, left in {(0, 0), (by, 0), (0, by), (by, by)}:
            for down, right in {(0, 0), (by, 0), (0, by), (by, by)}:
                yield (max(0, y0 - up), min(shape[0], y1 + down)), (max(0, x0 - left), min(shape[1], x1 + right))


def _places(left: Bools, area: Bools, sizes: Sequence[Size]) -> Iterator[Area]:
    """Rectangles of these sizes, or what of them lies in ``area``, the one with the most pixels of ``left`` first."""
    where = [np.flatnonzero(left.any(axis=1 - axis)) for axis in (0, 1)]
    (top, bottom), (first, last) = ((int(each[0]), int(each[-1]) + 1) for each in where)
    wanted, outside = integral(left.astype(np.float64)), integral((~area).astype(np.float64))
    y0, x0 = np.arange(top, bottom), np.arange(first, last)
    found = []
    for height, width in {(min(h, bottom - top), min(w, last - first)) for h, w in sizes}:
        for h, w in _halves(height, width):
            y1, x1 = np.minimum(y0 + h, bottom), np.minimum(x0 + w, last)
            pixels = np.where(sums(outside, y0, y1, x0, x1) > 0, 0.0, sums(wanted, y0, y1, x0, x1))
            y, x = np.unravel_index(int(pixels.argmax()), pixels.shape)
            if pixels[y, x] > 0:
                found.append((float(pixels[y, x]), -h * w, (int(y0[y]), int(y1[y])), (int(x0[x]), int(x1[x]))))
    for _, _, rows, columns in sorted(found, reverse=True):
        yield rows, columns


def _halves(height: int, width: int) -> Iterator[Size]:
    """A size, and those with half of its rows or columns, down to one."""
    yield height, width
    h, w = height, width
    while h > 1:
        h = (h + 1) // 2
        yield h, width
    while w > 1:
        w = (w + 1) // 2
        yield height, w


def integral(values: Floats) -> Floats:
    """Shape (rows + 1, columns + 1): the sum over all rows and columns before each."""
    total = np.zeros((values.shape[0] + 1, values.shape[1] + 1))
    total[1:, 1:] = values.cumsum(axis=0).cumsum(axis=1)
    return total


def sums(image: Floats, y0: Ints, y1: Ints, x0: Ints, x1: Ints) -> Floats:
    """The sums over the rectangles of all pairs of row ranges and column ranges, from an ``integral``."""
    return np.asarray(image[np.ix_(y1, x1)] - image[np.ix_(y0, x1)] - image[np.ix_(y1, x0)] + image[np.ix_(y0, x0)])
