"""Chips as rectangular regions of the image: the same part of every layer on the same chip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.network import Network, Shape
from partition.geometry.blocks import Floats, Ints, block_of_neuron, counts, sizes, starts
from partition.geometry.links import Link, Taps, reach
from partition.geometry.matrix_blocks import pairs
from partition.geometry.tile import Tile
from partition.traffic.unicast import TrafficGraph

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


def region_cuts(link: Link, tiles: Sequence[Tile], grid: Grid, rates: Floats) -> tuple[Floats, Floats]:
    """(messages that cross regions, all messages) per time step over ``link`` for each of ``tiles`` of its target.

    A source neuron belongs to the region of its pixel, so the source's tile does not matter: each layer's tile can be
    chosen for itself. ``rates`` are spikes per time step, of the source's shape.
    """
    if link.rows is None or link.columns is None:
        parts = np.array([_discrete_cut(link, tile, grid, rates) for tile in tiles])
        return parts[:, 0], parts[:, 1]
    pixels, menu = rates.sum(axis=2), sizes(link.target_shape, tiles)
    row_copies, row_copies_home = _copies(link.rows, menu.rows, grid[0])
    column_copies, column_copies_home = _copies(link.columns, menu.columns, grid[1])
    total = menu.depth * (row_copies @ pixels @ column_copies.T)[menu.row_of, menu.column_of]
    at_home = menu.depth * (row_copies_home @ pixels @ column_copies_home.T)[menu.row_of, menu.column_of]
    return np.maximum(total - at_home, 0.0), total


def displaced(tiles: Sequence[Tile], grid: Grid, rates: Floats) -> Floats:
    """Spikes per time step of the neurons whose pixel lies in another region than their tile, for each of ``tiles``."""
    pixels, menu = rates.sum(axis=2), sizes(rates.shape, tiles)
    row_stays, column_stays = (
        np.array([_in_place(size, step, regions) for step in steps.tolist()], np.float64)
        for size, steps, regions in zip(pixels.shape, (menu.rows, menu.columns), grid, strict=True)
    )
    return np.asarray(pixels.sum() - (row_stays @ pixels @ column_stays.T)[menu.row_of, menu.column_of])


def _in_place(size: int, step: int, regions: int) -> NDArray[np.bool_]:
    """Whether each position is in the region of its tile."""
    return np.asarray(region_of_tile(size, step, regions)[np.arange(size) // step] == region_of_pixel(size, regions))


def _copies(taps: Taps, steps: Ints, regions: int) -> tuple[Floats, Floats]:
    """Shape (steps, positions): how many tiles of each size a source position reaches; and those in its own region."""
    source = region_of_pixel(taps.shape[0], regions)
    everywhere, at_home = [], []
    for step in steps.tolist():
        reached = reach(taps, step)
        home = source[:, None] == region_of_tile(taps.shape[1], step, regions)[None, :]
        everywhere.append(reached.sum(axis=1))
        at_home.append((reached & home).sum(axis=1))
    return np.array(everywhere, np.float64), np.array(at_home, np.float64)


def _discrete_cut(link: Link, tile: Tile, grid: Grid, rates: Floats) -> tuple[float, float]:
    found = pairs(link, tile)
    spikes = rates.ravel()[found.source]
    source = _chip_of_pixel(link.source_shape, grid)[found.source // link.source_shape[2]]
    rows, columns = (region_of_tile(link.target_shape[axis], tile[axis], grid[axis]) for axis in (0, 1))
    region = (rows[:, None] * grid[1] + columns[None, :]).ravel()
    target = np.repeat(region, counts(link.target_shape, tile)[2])[found.block]
    return float(spikes[source != target].sum()), float(spikes.sum())


def _chip_of_pixel(shape: tuple[int, int, int], grid: Grid) -> Ints:
    rows, columns = (region_of_pixel(shape[axis], grid[axis]) for axis in (0, 1))
    return np.asarray((rows[:, None] * grid[1] + columns[None, :]).ravel())


def place_regions(network: Network, tiles: Mapping[str, Tile], layout: Layout) -> Ints:
    """The chip of each block, by the region of its centre; a chip may receive too many."""
    return np.concatenate([chip_of_tile(layout, p.name, p.shape, tiles[p.name]) for p in network.chip_populations])


def chip_of_tile(layout: Layout, layer: str, shape: Shape, tile: Tile) -> Ints:
    """The chip of each block of ``layer``, by the region of its centre."""
    group = group_of(layout, layer)
    rows, columns = (region_of_tile(shape[axis], tile[axis], group.grid[axis]) for axis in (0, 1))
    first = sum(each.chips for each in layout[: layout.index(group)])
    return np.repeat(first + (rows[:, None] * group.grid[1] + columns[None, :]).ravel(), counts(shape, tile)[2])


def balanced_cores(shape: Shape, tile: Tile, grid: Grid) -> int:
    """The cores of a layer if each region took as many as the fullest one takes."""
    most = [np.bincount(region_of_tile(shape[axis], tile[axis], grid[axis])).max() for axis in (0, 1)]
    return int(most[0] * most[1] * counts(shape, tile)[2] * grid[0] * grid[1])


def place_balanced(graph: TrafficGraph, network: Network, layout: Layout) -> Ints:
    """The chip of each block: slabs of equally many blocks by the row of their centres, each cut likewise by column."""
    centre = np.array([[(y0 + y1), (x0 + x1)] for (y0, y1), (x0, x1), _ in graph.slices], np.float64)
    size = np.array([network.shape_of(name)[:2] for name in graph.layers], np.float64)[graph.layer]
    centre /= 2 * size
    chip = np.zeros(graph.blocks, np.int64)
    first = 0
    for group in layout:
        own = np.flatnonzero(np.isin(graph.layer, [graph.layers.index(name) for name in group.layers]))
        rows = own[np.lexsort((centre[own, 1], centre[own, 0]))]
        for row, slab in enumerate(_equal_parts(rows, group.grid[0])):
            ordered = slab[np.lexsort((centre[slab, 0], centre[slab, 1]))]
            for column, part in enumerate(_equal_parts(ordered, group.grid[1])):
                chip[part] = first + row * group.grid[1] + column
        first += group.chips
    return chip


def _equal_parts(order: NDArray[np.int64], parts: int) -> list[NDArray[np.int64]]:
    return list(np.array_split(order, parts))


def carry_over(shape: tuple[int, int, int], old: Tile, chip: Ints, new: Tile, chips: int) -> Ints:
    """The chip of each block of a population cut by ``new``: the one that held most of its neurons under ``old``."""
    votes = np.zeros((int(np.prod(counts(shape, new))), chips))
    np.add.at(votes, (block_of_neuron(shape, new), chip[block_of_neuron(shape, old)]), 1)
    return np.asarray(votes.argmax(axis=1))
