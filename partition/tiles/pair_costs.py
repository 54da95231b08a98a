"""What pairs of tiles cost under a layout: messages over a link, those that stay on their chip, output axons.

Rows and columns separate: a position sends to as many tiles as it reaches row tiles times column tiles (times channel
tiles), and of these the tiles on its own chip are those in its chip's row and column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from partition.geometry.blocks import Floats, Ints, Sizes, block_of_neuron, starts
from partition.geometry.links import Link, reach
from partition.geometry.matrix_blocks import pairs
from partition.geometry.tile import Tile
from partition.hardware import Chip

from .regions import Layout, chip_of_tile, group_of, region_of_tile


@dataclass(frozen=True)
class PairCosts:
    """Costs of tiles under ``layout``; ``spikes`` are per time step, of each layer's shape.

    Each method takes the tiles of the source and those of the target, of which one may be many and the other is one.
    """

    layout: Layout
    spikes: Mapping[str, Floats]
    chip: Chip
    known: dict[Any, Any] = field(default_factory=dict, repr=False)

    def messages(self, link: Link, target: Sizes) -> Floats:
        """Messages over ``link``, whether they cross chips or not."""
        if link.rows is None:
            return np.array([self._discrete(link, link.source_shape, tile)[1] for tile in target.tiles])
        across = [
            np.array([_reached(link, axis, size).sum(axis=1) for size in chosen.tolist()], float)
            for axis, chosen in ((0, target.rows), (1, target.columns))
        ]
        return np.asarray(target.depth * self._product(link, *across)[target.row_of, target.column_of])

    def at_home(self, link: Link, source: Sizes, target: Sizes) -> Floats:
        """Messages over ``link`` that stay on their chip."""
        if link.rows is None:
            return np.array([self._discrete(link, s, t)[0] for s in source.tiles for t in target.tiles])
        if group_of(self.layout, link.source) is not group_of(self.layout, link.target):
            return np.zeros(max(len(source.tiles), len(target.tiles)))
        rows, columns = (
            np.array([self._home(link, axis, a, b) for a in own.tolist() for b in other.tolist()])
            for axis, own, other in ((0, source.rows, target.rows), (1, source.columns, target.columns))
        )
        stay = self._product(link, rows, columns)
        return np.asarray(target.depth * stay[source.row_of + target.row_of, source.column_of + target.column_of])

    def out_slots(self, link: Link, source: Sizes, target: Sizes) -> Ints:
        """The most output axon slots that ``link`` takes on a block of its source, every axon leaving the chip."""
        if link.rows is None:
            return np.zeros(max(len(source.tiles), len(target.tiles)), np.int64)
        rows, columns = (
            np.array([self._most(link, axis, a, b) for a in own.tolist() for b in other.tolist()])
            for axis, own, other in ((0, source.rows, target.rows), (1, source.columns, target.columns))
        )
        axons = rows[source.row_of + target.row_of] * columns[source.column_of + target.column_of] * target.depth
        return np.asarray(axons * (self.chip.population_axon_slots + self.chip.chip_crossing_slots))

    def _product(self, link: Link, rows: Floats, columns: Floats) -> Floats:
        return np.asarray(rows @ self._pixels(link.source) @ columns.T)

    def _pixels(self, name: str) -> Floats:
        """Spikes of each pixel of a layer, all channels."""
        if name not in self.known:
            self.known[name] = self.spikes[name].sum(axis=2)
        return np.asarray(self.known[name])

    def _home(self, link: Link, axis: int, source_size: int, target_size: int) -> Floats:
        """For each position of the source, the target tiles reached that are in the same chip row (or column)."""
        key = (id(link), axis, source_size, target_size)
        if key not in self.known:
            regions = group_of(self.layout, link.source).grid[axis]
            sender = region_of_tile(link.source_shape[axis], source_size, regions)
            receiver = region_of_tile(link.target_shape[axis], target_size, regions)
            own = sender[np.arange(link.source_shape[axis]) // source_size]
            same = own[:, None] == receiver[None, :]
            self.known[key] = (_reached(link, axis, target_size) & same).sum(axis=1).astype(float)
        return np.asarray(self.known[key])

    def _most(self, link: Link, axis: int, source_size: int, target_size: int) -> int:
        """The most target tiles, summed over the positions of a tile of the source."""
        key = ("most", axis, source_size, target_size)
        if key not in link.known:
            reached = _reached(link, axis, target_size).sum(axis=1)
            link.known[key] = int(np.add.reduceat(reached, starts(len(reached), source_size)).max())
        return int(link.known[key])

    def _discrete(self, link: Link, source: Tile, target: Tile) -> tuple[float, float]:
        """(messages that stay on their chip, all messages) of a link without geometry."""
        key = (id(link), source, target)
        if key not in self.known:
            found = _pairs(link, target)
            spikes = self.spikes[link.source].ravel()[found[0]]
            own = chip_of_tile(self.layout, link.source, link.source_shape, source)
            there = chip_of_tile(self.layout, link.target, link.target_shape, target)
            same = own[block_of_neuron(link.source_shape, source)[found[0]]] == there[found[1]]
            self.known[key] = (float(spikes[same].sum()), float(spikes.sum()))
        stay, everywhere = self.known[key]
        return stay, everywhere


def _reached(link: Link, axis: int, size: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """``geometry.reach`` of one axis, computed once."""
    key = ("reach", axis, size)
    if key not in link.known:
        taps = (link.rows, link.columns)[axis]
        assert taps is not None
        link.known[key] = reach(taps, size)
    return np.asarray(link.known[key])


def _pairs(link: Link, tile: Tile) -> tuple[Ints, Ints]:
    """(source neuron, target block) of a link without geometry, computed once."""
    key = ("pairs", tile)
    if key not in link.known:
        found = pairs(link, tile)
        link.known[key] = (found.source, found.block)
    source, block = link.known[key]
    return source, block
