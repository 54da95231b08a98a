"""What a pair of tiles, a link's source's and its target's, costs under a layout: messages, and output axons.

Rows and columns of a kernel separate: a position sends to as many tiles as it reaches row tiles times column tiles
(times channel tiles), and of these the tiles on its own chip are those in its chip's row and column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, singledispatch
from typing import Protocol

import numpy as np

from partition.core.out_axons import most_out_slots
from partition.geometry.blocks import Floats, Ints, TileSet, block_of_neuron
from partition.geometry.links import KernelLink, Link, MatrixLink, SinglesLink
from partition.geometry.tile import Tile
from partition.hardware import Chip

from .pixel_messages import PixelCopies, PixelMessages, pixel_copies, pixel_messages
from .regions import Layout, chip_of_block, group_of, region_of_tile


class PairCosts(Protocol):
    """Costs of one link, for the tiles of its source and those of its target: one may be many, the other is one."""

    def messages(self, target: TileSet) -> Floats:
        """Messages per time step, whether they cross chips or not, for each tile of the target."""
        ...

    def intrachip(self, source: TileSet, target: TileSet) -> Floats:
        """Messages per time step that stay on their chip."""
        ...

    def out_slots(self, source: TileSet, target: TileSet) -> Ints:
        """The most output axon slots on a block of the source, every axon leaving the chip; 0 if it is not checked."""
        ...


@singledispatch
def pair_costs(link: Link, layout: Layout, spikes: Mapping[str, Floats], chip: Chip) -> PairCosts:
    """The costs of ``link`` under ``layout``; ``spikes`` are per time step, of each layer's shape."""
    raise TypeError(f"no costs of a {type(link).__name__}")


@dataclass(frozen=True)
class SeparateCosts:
    """The costs of a link whose rows and columns are connected apart; ``spikes`` are per time step, of its source."""

    link: KernelLink | SinglesLink
    layout: Layout
    spikes: Floats
    chip: Chip
    _same_chip: dict[tuple[int, int, int], Floats] = field(default_factory=dict, init=False, repr=False)
    _copies: dict[tuple[Tile, ...], PixelCopies] = field(default_factory=dict, init=False, repr=False)

    def messages(self, target: TileSet) -> Floats:
        rows, columns = (
            np.array([self.link.reach(axis, size).sum(axis=1) for size in chosen.tolist()], float)
            for axis, chosen in ((0, target.rows), (1, target.columns))
        )
        return self._copies_of(target).summed(rows, columns, target.row_of, target.column_of)

    def intrachip(self, source: TileSet, target: TileSet) -> Floats:
        if not self._share_chips:
            return np.zeros(max(len(source.tiles), len(target.tiles)))
        rows, columns = (
            np.array([self._reached_on_chip(axis, a, b) for a in own.tolist() for b in other.tolist()])
            for axis, own, other in ((0, source.rows, target.rows), (1, source.columns, target.columns))
        )
        row_of, column_of = source.row_of + target.row_of, source.column_of + target.column_of
        return self._copies_of(target).summed(rows, columns, row_of, column_of)

    def out_slots(self, source: TileSet, target: TileSet) -> Ints:
        return most_out_slots(self.link, source, target, self.chip)

    @cached_property
    def _share_chips(self) -> bool:
        return group_of(self.layout, self.link.source) is group_of(self.layout, self.link.target)

    def _copies_of(self, target: TileSet) -> PixelCopies:
        if target.tiles not in self._copies:
            self._copies[target.tiles] = pixel_copies(self.link, target, self.spikes)
        return self._copies[target.tiles]

    def _reached_on_chip(self, axis: int, source_size: int, target_size: int) -> Floats:
        """For each position of the source, the target tiles reached that are in the same chip row (or column)."""
        key = (axis, source_size, target_size)
        if key not in self._same_chip:
            regions = group_of(self.layout, self.link.source).grid[axis]
            sender = region_of_tile(self.link.source_shape[axis], source_size, regions)
            receiver = region_of_tile(self.link.target_shape[axis], target_size, regions)
            own = sender[np.arange(self.link.source_shape[axis]) // source_size]
            same = own[:, None] == receiver[None, :]
            self._same_chip[key] = (self.link.reach(axis, target_size) & same).sum(axis=1).astype(float)
        return self._same_chip[key]


@dataclass(frozen=True)
class MatrixCosts:
    """The costs of a matrix's link; ``spikes`` are those of each source neuron per time step."""

    link: MatrixLink
    layout: Layout
    spikes: Floats
    _known: dict[tuple[Tile, Tile], tuple[float, float]] = field(default_factory=dict, init=False, repr=False)
    _messages: dict[Tile, PixelMessages] = field(default_factory=dict, init=False, repr=False)

    def messages(self, target: TileSet) -> Floats:
        return np.array([self._stay_and_all(self.link.source_shape, tile)[1] for tile in target.tiles])

    def intrachip(self, source: TileSet, target: TileSet) -> Floats:
        return np.array([self._stay_and_all(s, t)[0] for s in source.tiles for t in target.tiles])

    def out_slots(self, source: TileSet, target: TileSet) -> Ints:
        """Not checked: ``knapsack.overflowing`` finds what is too much."""
        return np.zeros(max(len(source.tiles), len(target.tiles)), np.int64)

    def _stay_and_all(self, source: Tile, target: Tile) -> tuple[float, float]:
        """(messages that stay on their chip, all messages); a pixel's channels are all on one chip."""
        if (source, target) not in self._known:
            if target not in self._messages:
                self._messages[target] = pixel_messages(self.link, target, self.spikes)
            sent = self._messages[target]
            (shape, tile), (target_shape, target_tile) = (
                ((*size[:2], 1), (*step[:2], 1))
                for size, step in ((self.link.source_shape, source), (self.link.target_shape, target))
            )
            own = chip_of_block(self.layout, self.link.source, shape, tile)
            there = chip_of_block(self.layout, self.link.target, target_shape, target_tile)
            same = own[block_of_neuron(shape, tile)[sent.pixel]] == there[sent.area]
            self._known[source, target] = (float(sent.spikes[same].sum()), float(sent.spikes.sum()))
        return self._known[source, target]


@pair_costs.register(KernelLink)
@pair_costs.register(SinglesLink)
def _(link: KernelLink | SinglesLink, layout: Layout, spikes: Mapping[str, Floats], chip: Chip) -> PairCosts:
    return SeparateCosts(link, layout, spikes[link.source], chip)


@pair_costs.register
def _(link: MatrixLink, layout: Layout, spikes: Mapping[str, Floats], chip: Chip) -> PairCosts:
    return MatrixCosts(link, layout, spikes[link.source].ravel())
