"""Chips as rectangular regions of the image: the same part of every layer on the same chip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from convert.network import Shape
from partition.geometry.blocks import Floats, Ints, cores, counts, starts, tile_set
from partition.geometry.links import KernelLink, Link, MatrixLink, SinglesLink
from partition.geometry.tile import Tile

from .pixel_messages import pixel_copies, pixel_messages

Grid = tuple[int, int]
"""(regions from top to bottom, regions from left to right); each is one chip."""


@dataclass(frozen=True)
class Group:
    """Layers that share chips, which are the regions of ``grid``."""

    layers: tuple[str, ...]
    grid: Grid

    @property
    def chips(self) -> int:
        return self.grid[0] * self.grid[1]


Layout = tuple[Group, ...]
"""Groups of layers with chips of their own, numbered group after group; every layer is in one of them."""


def group_of(layout: Layout, layer: str) -> Group:
    """The group that ``layer`` is in."""
    return next(group for group in layout if layer in group.layers)


def grids(chips: int) -> list[Grid]:
    """Every way to lay so many equal rectangles over the image."""
    return [(rows, chips // rows) for rows in range(1, chips + 1) if chips % rows == 0]


def region_of_pixel(size: int, regions: int) -> Ints:
    """The region of each position along an axis of ``size``."""
    return (2 * np.arange(size) + 1) * regions // (2 * size)


def region_of_tile(size: int, step: int, regions: int) -> Ints:
    """The region of the centre of each tile along an axis; a centre on a border belongs to the region after it."""
    first = starts(size, step)
    return (first + np.minimum(first + step, size)) * regions // (2 * size)


Cuts = Callable[[Grid], tuple[Floats, Floats]]
"""For a grid, (messages that cross its regions, all messages) per time step for each of some tiles."""


@singledispatch
def region_cuts(link: Link, tiles: Sequence[Tile], rates: Floats) -> Cuts:
    """The messages over ``link`` for each of ``tiles`` of its target, for any grid of regions.

    A source neuron belongs to the region of its pixel, so the source's tile does not matter: each layer's tile can be
    chosen for itself. ``rates`` are spikes per time step, of the source's shape.
    """
    raise TypeError(f"no region cuts of a {type(link).__name__}")


@region_cuts.register(KernelLink)
@region_cuts.register(SinglesLink)
def _(link: KernelLink | SinglesLink, tiles: Sequence[Tile], rates: Floats) -> Cuts:
    chosen = tile_set(link.target_shape, tiles)
    copies = pixel_copies(link, chosen, rates)

    def cuts(grid: Grid) -> tuple[Floats, Floats]:
        row_copies, row_copies_within = _copies(link, 0, chosen.rows, grid[0])
        column_copies, column_copies_within = _copies(link, 1, chosen.columns, grid[1])
        total = copies.summed(row_copies, column_copies, chosen.row_of, chosen.column_of)
        within = copies.summed(row_copies_within, column_copies_within, chosen.row_of, chosen.column_of)
        return np.maximum(total - within, 0.0), total

    return cuts


@region_cuts.register
def _(link: MatrixLink, tiles: Sequence[Tile], rates: Floats) -> Cuts:
    messages = [pixel_messages(link, tile, rates) for tile in tiles]

    def cuts(grid: Grid) -> tuple[Floats, Floats]:
        region_of_source = _region_of_each_pixel(link.source_shape, grid)
        crossing = []
        for tile, message in zip(tiles, messages, strict=True):
            one_deep = (*link.target_shape[:2], 1), (*tile[:2], 1)
            target = region_of_each_block(*one_deep, grid)[message.area]
            crossing.append(message.spikes[region_of_source[message.pixel] != target].sum())
        return np.array(crossing, np.float64), np.array([message.spikes.sum() for message in messages], np.float64)

    return cuts


def _copies(link: KernelLink | SinglesLink, axis: int, steps: Ints, regions: int) -> tuple[Floats, Floats]:
    """Shape (steps, positions): how many tiles of each size a source position reaches; and those in its own region."""
    source = region_of_pixel(link.source_shape[axis], regions)
    everywhere, within = [], []
    for step in steps.tolist():
        reached = link.reach(axis, step)
        own = source[:, None] == region_of_tile(link.target_shape[axis], step, regions)[None, :]
        everywhere.append(reached.sum(axis=1))
        within.append((reached & own).sum(axis=1))
    return np.array(everywhere, np.float64), np.array(within, np.float64)


def spikes_outside_own_region(tiles: Sequence[Tile], grid: Grid, rates: Floats) -> Floats:
    """Spikes per time step of the neurons whose pixel lies in another region than their tile, for each of ``tiles``."""
    pixels, chosen = rates.sum(axis=2), tile_set(rates.shape, tiles)
    row_stays, column_stays = (
        np.array([_in_own_region(size, step, regions) for step in steps.tolist()], np.float64)
        for size, steps, regions in zip(pixels.shape, (chosen.rows, chosen.columns), grid, strict=True)
    )
    return np.asarray(pixels.sum() - (row_stays @ pixels @ column_stays.T)[chosen.row_of, chosen.column_of])


def _in_own_region(size: int, step: int, regions: int) -> NDArray[np.bool_]:
    """Whether each position is in the region of its tile."""
    return np.asarray(region_of_tile(size, step, regions)[np.arange(size) // step] == region_of_pixel(size, regions))


def _region_of_each_pixel(shape: Shape, grid: Grid) -> Ints:
    rows, columns = (region_of_pixel(shape[axis], grid[axis]) for axis in (0, 1))
    return np.asarray((rows[:, None] * grid[1] + columns[None, :]).ravel())


def region_of_each_block(shape: Shape, tile: Tile, grid: Grid) -> Ints:
    """The region of the centre of each block into which ``tile`` cuts ``shape``."""
    rows, columns = (region_of_tile(shape[axis], tile[axis], grid[axis]) for axis in (0, 1))
    return np.repeat((rows[:, None] * grid[1] + columns[None, :]).ravel(), counts(shape, tile)[2])


def chip_of_block(layout: Layout, layer: str, shape: Shape, tile: Tile) -> Ints:
    """The chip of each block of ``layer``, by the region of its centre."""
    group = group_of(layout, layer)
    first = sum(each.chips for each in layout[: layout.index(group)])
    return first + region_of_each_block(shape, tile, group.grid)


def even_cores(shape: Shape, tile: Tile, grid: Grid) -> int:
    """The cores of a layer, however they lie in the regions of ``grid``."""
    return cores(shape, tile)


def balanced_cores(shape: Shape, tile: Tile, grid: Grid) -> int:
    """The cores of a layer if each region of ``grid`` took as many as the fullest one takes."""
    most = [np.bincount(region_of_tile(shape[axis], tile[axis], grid[axis])).max() for axis in (0, 1)]
    return int(most[0] * most[1] * counts(shape, tile)[2] * grid[0] * grid[1])
