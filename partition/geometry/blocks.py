"""How a population is cut into blocks: their number, their sizes, and where each neuron lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from convert.network import Shape

from .tile import Tile

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def counts(shape: Shape, tile: Tile) -> tuple[int, int, int]:
    """How many tiles lie along rows, columns and channels."""
    return (ceil(shape[0] / tile[0]), ceil(shape[1] / tile[1]), ceil(shape[2] / tile[2]))


def cores(shape: Shape, tile: Tile) -> int:
    """How many blocks ``tile`` cuts ``shape`` into."""
    rows, columns, channels = counts(shape, tile)
    return rows * columns * channels


def block_sizes(shape: Shape, tile: Tile) -> Ints:
    """The number of neurons of each block."""
    rows, columns, channels = (
        np.minimum(step, size - starts(size, step)) for size, step in zip(shape, tile, strict=True)
    )
    return np.asarray((rows[:, None, None] * columns[None, :, None] * channels).ravel())


def starts(size: int, step: int) -> Ints:
    """The first positions of the tiles along one axis."""
    return np.arange(0, size, step)


@dataclass(frozen=True)
class TileSet:
    """Tiles of a layer by their distinct heights and widths, so that what depends on one axis is computed once.

    Tile i is ``rows[row_of[i]]`` high and ``columns[column_of[i]]`` wide; ``depth[i]`` of it make up the channels.
    """

    tiles: tuple[Tile, ...]
    rows: Ints
    row_of: Ints
    columns: Ints
    column_of: Ints
    depth: Ints


def tile_set(shape: Shape, tiles: Sequence[Tile]) -> TileSet:
    """``tiles`` of a layer of ``shape``."""
    rows, row_of = np.unique([tile[0] for tile in tiles], return_inverse=True)
    columns, column_of = np.unique([tile[1] for tile in tiles], return_inverse=True)
    depth = np.array([counts(shape, tile)[2] for tile in tiles])
    return TileSet(tuple(tiles), rows, row_of, columns, column_of, depth)


def block_of_neuron(shape: Shape, tile: Tile) -> Ints:
    """The block of each neuron, flat and channels last; blocks counted as ``tile.tile_slices`` does."""
    _, columns, channels = counts(shape, tile)
    y, x, c = (np.arange(size) // step for size, step in zip(shape, tile, strict=True))
    block = (y[:, None, None] * columns + x[None, :, None]) * channels + c[None, None, :]
    return np.asarray(block.ravel())


def neuron_in_block(shape: Shape, tile: Tile) -> Ints:
    """The place of each neuron within its block, flat and channels last in both."""
    y, x, c = (np.arange(size) % step for size, step in zip(shape, tile, strict=True))
    width = np.minimum(tile[1], shape[1] - np.arange(shape[1]) // tile[1] * tile[1])
    depth = np.minimum(tile[2], shape[2] - np.arange(shape[2]) // tile[2] * tile[2])
    place = (y[:, None, None] * width[None, :, None] + x[None, :, None]) * depth[None, None, :] + c[None, None, :]
    return np.asarray(place.ravel())
