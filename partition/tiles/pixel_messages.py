"""What a link sends, by pixels: which channels messages are of does not matter to regions and chips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from partition.geometry.blocks import Floats, Ints, TileSet, counts
from partition.geometry.links import KernelLink, MatrixLink, SinglesLink
from partition.geometry.tile import Tile


@dataclass(frozen=True)
class PixelMessages:
    """``spikes`` per time step from the neurons of each source ``pixel`` to all blocks of one ``area`` of pixels."""

    pixel: Ints
    area: Ints
    spikes: Floats


def pixel_messages(link: MatrixLink, tile: Tile, rates: Floats) -> PixelMessages:
    """The messages over ``link`` when ``tile`` cuts its target; ``rates`` are spikes per time step of the source.

    The pairs of neurons and blocks are not kept: those of all tiles of a large matrix are gigabytes.
    """
    found = link.blocks_reached(tile)
    rows, columns, depth = counts(link.target_shape, tile)
    areas = rows * columns
    key, of = np.unique(found.source // link.source_shape[2] * areas + found.block // depth, return_inverse=True)
    spikes = np.bincount(of, weights=rates.ravel()[found.source])
    return PixelMessages(key // areas, key % areas, np.asarray(spikes, np.float64))


@dataclass(frozen=True)
class PixelCopies:
    """What the pixels of a source send, for tiles of its target, to one tile's pixels: each spike once for each block.

    With tile i it is ``factor[i] * pixels[kind[i]]``, per time step.
    """

    pixels: Floats
    kind: Ints
    factor: Ints

    def summed(self, rows: Floats, columns: Floats, row_of: Ints, column_of: Ints) -> Floats:
        """For each tile, the sum over pixels of what they send times ``rows`` and ``columns``.

        These have shape (tile sizes, positions); ``row_of`` and ``column_of`` tell which sizes each tile has.
        """
        by_kind = np.stack([rows @ pixels @ columns.T for pixels in self.pixels])
        return np.asarray(self.factor * by_kind[self.kind, row_of, column_of])


def pixel_copies(link: KernelLink | SinglesLink, target: TileSet, spikes: Floats) -> PixelCopies:
    """The copies of ``spikes`` per time step, of the source's shape, for the channels of each tile of ``target``."""
    if isinstance(link, KernelLink):
        return PixelCopies(spikes.sum(axis=2)[None], np.zeros(len(target.tiles), np.int64), target.depth)
    steps, step_of = np.unique([tile[2] for tile in target.tiles], return_inverse=True)
    reached = np.array([link.reach(2, step).sum(axis=1) for step in steps.tolist()])
    kinds, kind_of = np.unique(reached, axis=0, return_inverse=True)
    pixels = np.moveaxis(spikes @ kinds.T, 2, 0)
    return PixelCopies(pixels, kind_of.ravel()[step_of.ravel()], np.ones(len(target.tiles), np.int64))
