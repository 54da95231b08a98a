"""What a matrix of synapses sends, by pixels: which channels messages are of does not matter to regions and chips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from partition.geometry.blocks import Floats, Ints, counts
from partition.geometry.links import MatrixLink
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
