"""Output axons: how many of them a link needs on the blocks of its source, and the slots that they take there."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from partition.geometry.blocks import Ints, TileSet, block_of_neuron, block_sizes, cores, counts, starts
from partition.geometry.links import KernelLink, Link, MatrixLink, SinglesLink
from partition.geometry.tile import Tile
from partition.hardware import Chip


@singledispatch
def slots_per_axon(link: Link, chip: Chip) -> int:
    """Output axon slots that an axon of ``link`` takes on a block of its source."""
    raise TypeError(f"no axons of a {type(link).__name__}")


@slots_per_axon.register
def _(link: KernelLink, chip: Chip) -> int:
    return chip.population_axon_slots


@slots_per_axon.register(MatrixLink)
@slots_per_axon.register(SinglesLink)
def _(link: Link, chip: Chip) -> int:
    return chip.discrete_axon_slots


@singledispatch
def out_axons(link: Link, source_tile: Tile, target_tile: Tile) -> Ints:
    """The number of output axons that ``link`` needs on each block of its source.

    A target that is a single block receives an axon of every pixel or neuron, used or not, as nengo_loihi builds it.
    """
    raise TypeError(f"no axons of a {type(link).__name__}")


@out_axons.register
def _(link: KernelLink, source_tile: Tile, target_tile: Tile) -> Ints:
    """One for each pixel of the block and each target block that it reaches, whatever the channels."""
    channels = counts(link.source_shape, source_tile)[2]
    if counts(link.target_shape, target_tile) == (1, 1, 1):
        return np.repeat(block_sizes((*link.source_shape[:2], 1), (*source_tile[:2], 1)), channels)
    rows, columns = (
        np.add.reduceat(
            link.reach(axis, target_tile[axis]).sum(axis=1), starts(link.source_shape[axis], source_tile[axis])
        )
        for axis in (0, 1)
    )
    per_pixel = rows[:, None] * columns[None, :] * counts(link.target_shape, target_tile)[2]
    return np.repeat(per_pixel.ravel(), channels)


@out_axons.register
def _(link: MatrixLink, source_tile: Tile, target_tile: Tile) -> Ints:
    """One for each neuron of the block and each target block that it reaches."""
    if counts(link.target_shape, target_tile) == (1, 1, 1):
        return block_sizes(link.source_shape, source_tile)
    block = block_of_neuron(link.source_shape, source_tile)
    source, _ = link.pairs(target_tile)
    return np.bincount(block[source], minlength=cores(link.source_shape, source_tile))


@out_axons.register
def _(link: SinglesLink, source_tile: Tile, target_tile: Tile) -> Ints:
    """The same as for a matrix."""
    if counts(link.target_shape, target_tile) == (1, 1, 1):
        return block_sizes(link.source_shape, source_tile)
    rows, columns, channels = (link.lists(axis, step).reached for axis, step in enumerate(target_tile))
    reached = (rows[:, None, None] * columns[None, :, None] * channels).ravel()
    block = block_of_neuron(link.source_shape, source_tile)
    found = np.bincount(block, weights=reached, minlength=cores(link.source_shape, source_tile))
    return found.astype(np.int64)


@singledispatch
def most_out_slots(link: Link, source: TileSet, target: TileSet, chip: Chip) -> Ints:
    """The most output axon slots of ``link`` on a block of its source, every axon leaving the chip.

    For tiles of the source and tiles of the target, many of one and one of the other. 0 for a matrix of no known
    structure: ``out_axons`` finds what is too much.
    """
    return np.zeros(max(len(source.tiles), len(target.tiles)), np.int64)


@most_out_slots.register
def _(link: KernelLink, source: TileSet, target: TileSet, chip: Chip) -> Ints:
    return _most_pixels_reached(link, source, target) * target.depth * _slots(link, chip)


@most_out_slots.register
def _(link: SinglesLink, source: TileSet, target: TileSet, chip: Chip) -> Ints:
    own, other = ([tile[2] for tile in chosen.tiles] for chosen in (source, target))
    channels = np.array([link.most_reached(2, a, b) for a in own for b in other])
    return np.asarray(_most_pixels_reached(link, source, target) * channels * _slots(link, chip))


def _most_pixels_reached(link: KernelLink | SinglesLink, source: TileSet, target: TileSet) -> Ints:
    rows, columns = (
        np.array([link.most_reached(axis, a, b) for a in own.tolist() for b in other.tolist()])
        for axis, own, other in ((0, source.rows, target.rows), (1, source.columns, target.columns))
    )
    return np.asarray(rows[source.row_of + target.row_of] * columns[source.column_of + target.column_of])


def _slots(link: Link, chip: Chip) -> int:
    return slots_per_axon(link, chip) + chip.chip_crossing_slots
