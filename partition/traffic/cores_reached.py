"""On how many cores of each chip a spike has synapses: its messages."""

from __future__ import annotations

from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from partition.geometry.blocks import Ints, block_of_neuron, counts
from partition.geometry.links import KernelLink, Link, MatrixLink
from partition.geometry.tile import Tile


@singledispatch
def cores_on_chips(link: Link, tile: Tile, chip: Ints) -> NDArray[np.int32]:
    """Cores of each chip that a spike over ``link`` goes to: shape (rows, columns, channels or 1, chips).

    ``tile`` cuts the target of ``link`` into blocks, ``chip`` is the chip of each.
    """
    raise TypeError(f"no cores reached by a {type(link).__name__}")


@cores_on_chips.register
def _(link: KernelLink, tile: Tile, chip: Ints) -> NDArray[np.int32]:
    rows, columns = (link.reach(axis, tile[axis]).astype(np.float32) for axis in (0, 1))
    grid = chip.reshape(counts(link.target_shape, tile))
    on = (grid[..., None] == np.arange(int(grid.max()) + 1)).sum(axis=2).astype(np.float32)
    delivered = np.tensordot(rows, np.tensordot(columns, on, axes=(1, 1)), axes=(1, 1))
    return np.asarray(delivered[:, :, None, :].astype(np.int32))


@cores_on_chips.register
def _(link: MatrixLink, tile: Tile, chip: Ints) -> NDArray[np.int32]:
    matrix = link.matrix
    block = block_of_neuron(link.target_shape, tile)[np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))]
    pairs = np.unique(matrix.indices.astype(np.int64) * len(chip) + block)
    cores = np.zeros((matrix.shape[1], int(chip.max()) + 1), np.int32)
    np.add.at(cores, (pairs // len(chip), chip[pairs % len(chip)]), 1)
    return cores.reshape(*link.source_shape, -1)
