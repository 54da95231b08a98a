"""Synapse memory and input axons of the blocks of a tile, in closed form.

The numbers are those of nengo_loihi's builder (``block.utilization()`` after ``split_model``): weights are stored once
for each distinct (row taps, column taps, offset of 256 compartments) that the source pixels of a block need, see
``set_new_synapse_weights`` in nengo_loihi/builder/split_blocks.py and ``conv2d_loihi_weights`` in nengo_loihi/conv.py.
A kernel whose taps repeat may need less there, because equal weights are stored once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce, singledispatch
from typing import NamedTuple

import numpy as np

from partition.geometry.blocks import Ints, block_sizes, counts
from partition.geometry.intervals import Interval
from partition.geometry.links import KernelLink, Link, MatrixLink, SeparableLink, SinglesLink
from partition.geometry.matrix_blocks import blocks_reached
from partition.geometry.tile import Tile
from partition.hardware import Chip
from partition.numba_jit import compiled

from .packing import PLAIN, Packing

HASH_STEP = 0x9E3779B97F4A7C15
"""An odd number with bits all over, that sets blocks apart in hashes. Source: splitmix64, as ``matrix_blocks``."""


@dataclass(frozen=True)
class Incoming:
    """What a link costs the blocks of its target, in block order: input axons, and bits of synapse memory."""

    in_axons: Ints
    synapse_bits: Ints


@singledispatch
def incoming(link: Link, tile: Tile, chip: Chip, packing: Packing = PLAIN) -> Incoming:
    """The cost of ``link`` for each block into which ``tile`` cuts its target."""
    raise TypeError(f"no cost of a {type(link).__name__}")


def group_bits(synapses: Ints, bits_per_synapse: int, chip: Chip) -> Ints:
    """Bits of weight sets of so many synapses: groups with a header, rounded up to words."""
    full, rest = np.divmod(synapses, chip.group_synapses)

    def words(count: Ints) -> Ints:
        bits = count * bits_per_synapse + chip.group_header_bits
        return -(-bits // chip.word_bits) * chip.word_bits

    return np.asarray(full * words(np.full_like(full, chip.group_synapses)) + np.where(rest > 0, words(rest), 0))


def index_bits(largest: int, chip: Chip) -> int:
    """The width of a compartment index that covers ``largest``."""
    needed = int(np.ceil(np.log2(largest + 1)))
    return next((bits for bits in chip.index_bits if bits >= needed), chip.index_bits[-1])


@incoming.register
def _(link: KernelLink, tile: Tile, chip: Chip, packing: Packing = PLAIN) -> Incoming:
    """A population axon for each pixel that reaches a block; its weight sets are shared by pixels."""
    shape = link.target_shape
    channels_in = link.source_shape[2]
    row_kinds, row_kind = link.intervals(0, tile[0], whole=any(packing.rows))
    column_kinds, column_kind = link.intervals(1, tile[1], whole=any(packing.columns))
    stored = link.depths(tile[2]).tolist()
    sizes = [min(tile[2], shape[2] - start) for start in range(0, shape[2], tile[2])]
    depths = list(zip(sizes, stored, strict=True))
    axons = np.array([[len(r.base) * len(c.base) for c in column_kinds] for r in row_kinds])
    bits = {
        depth: np.array(
            [[_set_bits(r, c, depth, channels_in, chip, packing) for c in column_kinds] for r in row_kinds],
            dtype=np.int64,
        )
        for depth in set(depths)
    }
    per_pixel = np.ix_(row_kind, column_kind)
    if counts(shape, tile) == (1, 1, 1):
        seen_rows, seen_columns = link.seen
        axons = np.array([[len(seen_rows) * len(seen_columns)]])
    return Incoming(
        np.repeat(axons[per_pixel].ravel(), len(depths)),
        np.stack([bits[depth][per_pixel] for depth in depths], axis=-1).ravel(),
    )


def _set_bits(
    row: Interval, column: Interval, depths: tuple[int, int], channels_in: int, chip: Chip, packing: Packing
) -> int:
    """Bits of the weight sets of a block of ``row.size`` x ``column.size`` neurons; ``depths`` are its channels and the
    weights that a list has for each tap."""
    depth, stored = depths
    if not len(row.base) or not len(column.base):
        return 0
    block = (row.size, column.size, depth)
    stride = packing.row_stride(block)
    first = (row.base[:, None] + packing.rows[0]) * stride + column.base[None, :] + packing.columns[0]
    if packing.channels_first:
        width, plane = 1, packing.plane(block)
    else:
        width, plane = depth, 1
    steps = _IndexSteps(stride * width, width, (depth - 1) * plane, chip.axon_offset)
    shift = first * width // chip.axon_offset
    taps, largest = _weight_sets(row.kind, row.kind_count, column.kind, column.kind_count, shift, steps)
    bits = chip.weight_bits + index_bits(largest, chip)
    return int(group_bits(taps * (stored * channels_in), bits, chip).sum())


class _IndexSteps(NamedTuple):
    """By how much the compartment indices of a weight set grow: a row, a column, all channels; a whole offset."""

    row: int
    column: int
    channels: int
    offset: int


@compiled()
def _weight_sets(
    row_kind: Ints, row_counts: Ints, column_kind: Ints, column_counts: Ints, shift: Ints, steps: _IndexSteps
) -> tuple[Ints, int]:
    """The number of taps of every distinct weight set, and the largest compartment index among them.

    ``shift`` counts the whole offsets in the base of each (row, column).
    """
    seen = np.zeros((len(row_counts), len(column_counts), shift.max() + 1), np.bool_)
    taps = np.empty(seen.size, np.int64)
    found = 0
    largest = 0
    for i in range(len(row_kind)):
        for j in range(len(column_kind)):
            if seen[row_kind[i], column_kind[j], shift[i, j]]:
                continue
            seen[row_kind[i], column_kind[j], shift[i, j]] = True
            n_rows, n_columns = row_counts[row_kind[i]], column_counts[column_kind[j]]
            taps[found] = n_rows * n_columns
            found += 1
            last = (n_rows - 1) * steps.row + (n_columns - 1) * steps.column + steps.channels
            largest = max(largest, shift[i, j] * steps.offset + last)
    return taps[:found], largest


@incoming.register(MatrixLink)
@incoming.register(SeparableLink)
def _(link: MatrixLink, tile: Tile, chip: Chip, packing: Packing = PLAIN) -> Incoming:
    """An axon for each source neuron, its weights without index; equal weight sets of a block count once."""
    blocks = int(np.prod(counts(link.target_shape, tile)))
    if _one_to_all(link):
        return Incoming(
            np.ones(blocks, np.int64), group_bits(block_sizes(link.target_shape, tile), chip.weight_bits, chip)
        )
    found = link.blocks_reached(tile)
    bits = group_bits(found.synapses, chip.weight_bits, chip)
    if blocks == 1:
        return Incoming(np.array([int(np.prod(link.source_shape))]), np.array([bits.sum()]))
    keys = found.content + found.block.astype(np.uint64) * np.uint64(HASH_STEP)  # contents are hashes already
    _, distinct = np.unique(keys, return_index=True)
    return Incoming(
        np.bincount(found.block, minlength=blocks),
        np.bincount(found.block[distinct], weights=bits[distinct], minlength=blocks).astype(np.int64),
    )


@incoming.register
def _(link: SinglesLink, tile: Tile, chip: Chip, packing: Packing = PLAIN) -> Incoming:
    """The same as for a matrix no two of whose weight sets are equal."""
    axes = [link.lists(axis, tile[axis]) for axis in range(3)]
    shape = tuple(len(axis.kinds) for axis in axes)
    axons, bits = np.empty(shape, np.int64), np.empty(shape, np.int64)
    for place in np.ndindex(*shape):
        lengths, positions = zip(*(axis.kinds[kind] for axis, kind in zip(axes, place, strict=True)), strict=True)
        sources = reduce(np.multiply.outer, positions)
        axons[place] = sources.sum()
        bits[place] = (sources * group_bits(reduce(np.multiply.outer, lengths), chip.weight_bits, chip)).sum()
    if counts(link.target_shape, tile) == (1, 1, 1):
        axons[...] = np.prod(link.source_shape)
    per_block = np.ix_(*(axis.kind for axis in axes))
    return Incoming(axons[per_block].ravel(), bits[per_block].ravel())


def incoming_at_most(link: Link, tile: Tile, chip: Chip, packing: Packing = PLAIN) -> Incoming:
    """What ``incoming`` gives, or quickly no less: of a ``SeparableLink``, as if no two weight sets were equal."""
    of_link = incoming.dispatch(SinglesLink if isinstance(link, SeparableLink) else type(link))
    return of_link(link, tile, chip, packing)


def least_synapse_bits(links: Sequence[Link], tile: Tile, chip: Chip) -> int:
    """Bits that the weights of kernels take at least on the fullest block of ``tile``, however it is packed."""
    total: Ints = np.zeros((1, 1), np.int64)
    for link in links:
        if isinstance(link, KernelLink):
            taps = np.multiply.outer(link.taps_kept(0, tile[0]), link.taps_kept(1, tile[1]))
            total = total + taps * (int(link.depths(tile[2]).max()) * link.source_shape[2] * chip.weight_bits)
    return int(total.max())


def incoming_of_block(link: MatrixLink, neurons: Ints, chip: Chip) -> tuple[int, int]:
    """Input axons and synapse bits of the block of these ``neurons`` (of several blocks), in ascending order."""
    if _one_to_all(link):
        return 1, int(group_bits(np.array([len(neurons)]), chip.weight_bits, chip)[0])
    row = (1, 1, len(neurons))
    found = blocks_reached(link.matrix[neurons], row, row)
    bits = group_bits(found.synapses, chip.weight_bits, chip)
    _, distinct = np.unique(found.content, return_index=True)
    return len(found.source), int(bits[distinct].sum())


def _one_to_all(link: MatrixLink) -> bool:
    """Whether a single source neuron reaches every neuron of the target."""
    return bool(link.matrix.shape[1] == 1 and link.matrix.nnz == link.matrix.shape[0])
