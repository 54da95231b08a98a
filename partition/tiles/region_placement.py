"""First placements of blocks: by region of the image, by equal slabs of it, or where most of their neurons were."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from convert.network import Network, Shape
from partition.geometry.blocks import Ints, block_of_neuron, cores
from partition.geometry.tile import Tile
from partition.traffic.unicast import TrafficGraph

from .regions import Layout, chip_of_block


def place_by_region(network: Network, tiles: Mapping[str, Tile], layout: Layout) -> Ints:
    """The chip of each block, by the region of its centre; a chip may receive too many."""
    return np.concatenate([chip_of_block(layout, p.name, p.shape, tiles[p.name]) for p in network.chip_populations])


def place_by_slab(graph: TrafficGraph, network: Network, layout: Layout) -> Ints:
    """The chip of each block: slabs of equally many blocks by the row of their centres, each cut likewise by column."""
    centre = np.array([[(y0 + y1), (x0 + x1)] for (y0, y1), (x0, x1), _ in graph.slices], np.float64)
    size = np.array([network.shape_of(name)[:2] for name in graph.layers], np.float64)[graph.layer]
    centre /= 2 * size
    chip = np.zeros(graph.blocks, np.int64)
    first = 0
    for group in layout:
        own = np.flatnonzero(np.isin(graph.layer, [graph.layers.index(name) for name in group.layers]))
        by_row = own[np.lexsort((centre[own, 1], centre[own, 0]))]
        for row, slab in enumerate(np.array_split(by_row, group.grid[0])):
            by_column = slab[np.lexsort((centre[slab, 0], centre[slab, 1]))]
            for column, part in enumerate(np.array_split(by_column, group.grid[1])):
                chip[part] = first + row * group.grid[1] + column
        first += group.chips
    return chip


def place_by_majority(shape: Shape, old: Tile, chip: Ints, new: Tile, chips: int) -> Ints:
    """The chip of each block of a population cut by ``new``: the one that held most of its neurons under ``old``."""
    votes = np.zeros((cores(shape, new), chips))
    np.add.at(votes, (block_of_neuron(shape, new), chip[block_of_neuron(shape, old)]), 1)
    return np.asarray(votes.argmax(axis=1))
