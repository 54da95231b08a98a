"""Synapse memory and input axons of the blocks of a tile, in closed form.

The numbers are those of nengo_loihi's builder (``block.utilization()`` after ``split_model``): weights are stored once
for each distinct (row taps, column taps, offset of 256 compartments) that the source pixels of a block need, see
``set_new_synapse_weights`` in nengo_loihi/builder/split_blocks.py and ``conv2d_loihi_weights`` in nengo_loihi/conv.py.
A kernel whose taps repeat may need less there, because equal weights are stored once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from .discrete import pairs
from .geometry import Ints, Link, Taps, counts, starts
from .hardware import Chip
from .plan import Tile


@dataclass(frozen=True)
class Incoming:
    """What a link costs the blocks of its target, in block order: input axons, and bits of synapse memory."""

    in_axons: Ints
    synapse_bits: Ints


def incoming(link: Link, tile: Tile, chip: Chip) -> Incoming:
    """The cost of ``link`` for each block into which ``tile`` cuts its target."""
    if link.rows is None or link.columns is None:
        return _discrete(link, tile, chip)
    return _population(link, link.rows, link.columns, tile, chip)


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


def _population(link: Link, rows: Taps, columns: Taps, tile: Tile, chip: Chip) -> Incoming:
    shape = link.target_shape
    channels_in = link.source_shape[2]
    row_kinds, row_kind = _intervals(rows, tile[0])
    column_kinds, column_kind = _intervals(columns, tile[1])
    depths = [min(tile[2], shape[2] - start) for start in range(0, shape[2], tile[2])]
    axons = np.array([[len(r.first) * len(c.first) for c in column_kinds] for r in row_kinds])
    bits = {
        depth: np.array(
            [[_set_bits(r, c, depth, channels_in, chip) for c in column_kinds] for r in row_kinds], dtype=np.int64
        )
        for depth in set(depths)
    }
    per_pixel = np.ix_(row_kind, column_kind)
    if counts(shape, tile) == (1, 1, 1):
        axons = np.array([[link.source_shape[0] * link.source_shape[1]]])
    return Incoming(
        np.repeat(axons[per_pixel].ravel(), len(depths)),
        np.stack([bits[depth][per_pixel] for depth in depths], axis=-1).ravel(),
    )


@dataclass(frozen=True)
class _Interval:
    """The source positions that reach one target tile along one axis: their taps there and their first target."""

    first: Ints
    count: Ints
    base: Ints
    size: int


def _intervals(taps: Taps, step: int) -> tuple[list[_Interval], Ints]:
    """The distinct intervals of an axis, and which of them each tile is."""
    known: dict[tuple[int, bytes], int] = {}
    intervals: list[_Interval] = []
    kind = []
    for start in starts(taps.shape[1], step):
        inside = taps[:, start : start + step]
        inside = inside[(inside >= 0).any(axis=1)]
        key = (inside.shape[1], inside.tobytes())
        if key not in known:
            known[key] = len(intervals)
            intervals.append(_interval(inside))
        kind.append(known[key])
    return intervals, np.array(kind)


def _interval(inside: Taps) -> _Interval:
    hit = inside >= 0
    base = hit.argmax(axis=1) if len(inside) else np.zeros(0, np.int64)
    first = inside[np.arange(len(inside)), base]
    return _Interval(first, hit.sum(axis=1), base, inside.shape[1])


def _set_bits(row: _Interval, column: _Interval, depth: int, channels_in: int, chip: Chip) -> int:
    """Bits of the weight sets of a block of ``row.size`` x ``column.size`` x ``depth`` neurons."""
    if not len(row.first) or not len(column.first):
        return 0
    row_kind, row_counts = _kinds(row)
    column_kind, column_counts = _kinds(column)
    taps, largest = _weight_sets(
        row_kind, row.base, row_counts, column_kind, column.base, column_counts, column.size, depth, chip.axon_offset
    )
    bits = chip.weight_bits + index_bits(largest, chip)
    return int(group_bits(taps * (depth * channels_in), bits, chip).sum())


def _kinds(interval: _Interval) -> tuple[Ints, Ints]:
    """Which distinct (first tap, number of taps) each position has, and the number of taps of each of these."""
    _, where, kind = np.unique(interval.first * 4096 + interval.count, return_index=True, return_inverse=True)
    return kind, interval.count[where]


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _weight_sets(
    row_kind: Ints, row_base: Ints, row_counts: Ints,
    column_kind: Ints, column_base: Ints, column_counts: Ints,
    width: int, depth: int, offset: int,
) -> tuple[Ints, int]:  # fmt: skip
    """The number of taps of every distinct weight set, and the largest compartment index among them."""
    last = (row_base.max() * width + column_base.max()) * depth // offset
    seen = np.zeros((len(row_counts), len(column_counts), last + 1), np.bool_)
    taps = np.empty(seen.size, np.int64)
    found = 0
    largest = 0
    for i in range(len(row_kind)):
        for j in range(len(column_kind)):
            high = (row_base[i] * width + column_base[j]) * depth // offset
            if seen[row_kind[i], column_kind[j], high]:
                continue
            seen[row_kind[i], column_kind[j], high] = True
            n_rows, n_columns = row_counts[row_kind[i]], column_counts[column_kind[j]]
            taps[found] = n_rows * n_columns
            found += 1
            largest = max(largest, high * offset + ((n_rows - 1) * width + n_columns) * depth - 1)
    return taps[:found], largest


def _discrete(link: Link, tile: Tile, chip: Chip) -> Incoming:
    """Sparse: an axon for each source neuron, its weights without index; equal weight sets of a block count once."""
    blocks = int(np.prod(counts(link.target_shape, tile)))
    found = pairs(link, tile)
    bits = group_bits(found.synapses, chip.weight_bits, chip)
    if blocks == 1:
        return Incoming(np.array([int(np.prod(link.source_shape))]), np.array([bits.sum()]))
    keys = np.stack([found.block.astype(np.uint64), found.content], axis=1)
    _, distinct = np.unique(keys, axis=0, return_index=True)
    return Incoming(
        np.bincount(found.block, minlength=blocks),
        np.bincount(found.block[distinct], weights=bits[distinct], minlength=blocks).astype(np.int64),
    )
