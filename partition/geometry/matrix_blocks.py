"""Matrices of synapses: which source neuron has synapses into which block, found in one pass over the matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convert.network import Shape
from partition.numba_jit import compiled

from .blocks import Ints, block_of_neuron, cores, neuron_in_block
from .tile import Tile


@dataclass(frozen=True)
class BlocksReached:
    """One row for each (source neuron, target block) with a synapse.

    ``synapses`` counts them; ``content`` is a hash of their places in the block and their weights.
    """

    source: Ints
    block: Ints
    synapses: Ints
    content: NDArray[np.uint64]


def blocks_reached(matrix: sparse.csr_array, target_shape: Shape, tile: Tile) -> BlocksReached:
    """Who reaches which block when ``tile`` cuts the target; ``matrix``: shape (target neurons, source neurons)."""
    by_source = matrix.tocsc()
    return BlocksReached(
        *_blocks_reached(
            by_source.indptr.astype(np.int64),
            by_source.indices.astype(np.int64),
            by_source.data.astype(np.float32).view(np.uint32),
            block_of_neuron(target_shape, tile),
            neuron_in_block(target_shape, tile),
            cores(target_shape, tile),
        )
    )


@compiled()
def _blocks_reached(
    first: Ints, target: Ints, weight: NDArray[np.uint32], block_of: Ints, place_of: Ints, blocks: int
) -> tuple[Ints, Ints, Ints, NDArray[np.uint64]]:
    touched_by = np.full(blocks, -1, np.int64)
    row_of = np.zeros(blocks, np.int64)
    size = 0
    for source in range(len(first) - 1):
        for k in range(first[source], first[source + 1]):
            block = block_of[target[k]]
            if touched_by[block] != source:
                touched_by[block] = source
                size += 1
    out_source, out_block = np.empty(size, np.int64), np.empty(size, np.int64)
    synapses, content = np.zeros(size, np.int64), np.zeros(size, np.uint64)
    touched_by[:] = -1
    row = -1
    for source in range(len(first) - 1):
        for k in range(first[source], first[source + 1]):
            block = block_of[target[k]]
            if touched_by[block] != source:
                touched_by[block] = source
                row += 1
                row_of[block] = row
                out_source[row], out_block[row] = source, block
            synapses[row_of[block]] += 1
            mixed = _mix(np.uint64(place_of[target[k]]) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(weight[k]))
            content[row_of[block]] += mixed
    return out_source, out_block, synapses, content


@compiled()
def _mix(value: np.uint64) -> np.uint64:
    """The finalizer of splitmix64: a 64-bit hash. Source: Steele, Lea, Flood, OOPSLA 2014."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
