"""Who reaches whom: which neurons of a source have a synapse into which neurons of a target, axis by axis.

A convolution, transposed or not, connects source pixel (i, j) to target pixel (y, x) if row i reaches row y and column
j reaches column x; all channels reach all. So two small matrices of kernel taps hold its whole geometry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.network import ConvertedNetwork, Convolution, Projection, Shape, Sparse

from .tile import Tile

Taps = NDArray[np.int64]
"""Shape (source positions, target positions) along one axis: the kernel tap that connects them, -1 for none."""
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Link:
    """A projection between two populations and the taps of its rows and columns; both None for ``Sparse``.

    ``known`` keeps what has been computed from it, by any key.
    """

    projection: Projection
    source_shape: Shape
    target_shape: Shape
    rows: Taps | None
    columns: Taps | None
    known: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def source(self) -> str:
        return self.projection.source

    @property
    def target(self) -> str:
        return self.projection.target

    @cached_property
    def geometry(self) -> bytes:
        """A digest of who reaches whom (and of the weights, where they are not shared)."""
        digest = sha256()
        transform = self.projection.transform
        if isinstance(transform, Sparse):
            arrays = [transform.matrix.indptr, transform.matrix.indices, transform.matrix.data]
        else:
            assert self.rows is not None
            assert self.columns is not None
            arrays = [np.array(self.rows.shape + self.columns.shape), self.rows, self.columns]
        for array in arrays:
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.digest()


def link(network: ConvertedNetwork, projection: Projection) -> Link:
    """The geometry of ``projection``."""
    source, target = network.shape_of(projection.source), network.shape_of(projection.target)
    transform = projection.transform
    if isinstance(transform, Sparse):
        return Link(projection, source, target, None, None)
    kernel, stride, same = transform.kernel.shape, transform.strides, transform.padding == "same"
    taps = _taps if isinstance(transform, Convolution) else _transposed_taps
    rows, columns = (taps(source[a], target[a], kernel[a], stride[a], same) for a in (0, 1))
    return Link(projection, source, target, rows, columns)


def chip_links(network: ConvertedNetwork) -> tuple[Link, ...]:
    """The links that end on chip populations, in the order of the network."""
    on_chip = {population.name for population in network.chip_populations}
    return tuple(link(network, p) for p in network.projections if p.target in on_chip)


def _taps(source: int, target: int, size: int, stride: int, same: bool) -> Taps:
    """``Convolution``: tap = source + padding - stride * target; padding of 'same' as TensorFlow splits it."""
    padding = max((target - 1) * stride + size - source, 0) // 2 if same else 0
    tap = np.arange(source)[:, None] + padding - stride * np.arange(target)[None, :]
    return np.where((tap >= 0) & (tap < size), tap, -1)


def _transposed_taps(source: int, target: int, size: int, stride: int, same: bool) -> Taps:
    """``ConvolutionTranspose``: tap = target + offset - stride * source."""
    offset = max(size - stride, 0) // 2 if same else 0
    tap = np.arange(target)[None, :] + offset - stride * np.arange(source)[:, None]
    return np.where((tap >= 0) & (tap < size), tap, -1)


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
class Sizes:
    """Tiles of a layer by their distinct heights and widths.

    Tile i is ``rows[row_of[i]]`` high and ``columns[column_of[i]]`` wide; ``depth[i]`` of it make up the channels.
    """

    tiles: tuple[Tile, ...]
    rows: Ints
    row_of: Ints
    columns: Ints
    column_of: Ints
    depth: Ints


def sizes(shape: Shape, tiles: Sequence[Tile]) -> Sizes:
    """``tiles`` of a layer of ``shape``."""
    rows, row_of = np.unique([tile[0] for tile in tiles], return_inverse=True)
    columns, column_of = np.unique([tile[1] for tile in tiles], return_inverse=True)
    depth = np.array([counts(shape, tile)[2] for tile in tiles])
    return Sizes(tuple(tiles), rows, row_of, columns, column_of, depth)


def reach(taps: Taps, step: int) -> NDArray[np.bool_]:
    """Shape (source positions, target tiles): whether a position has a synapse into a tile of ``step`` positions."""
    return np.add.reduceat(taps >= 0, starts(taps.shape[1], step), axis=1) > 0


def block_of_neuron(shape: Shape, tile: Tile) -> Ints:
    """The block of each neuron, flat and channels last; blocks counted as ``plan.tile_slices`` does."""
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
