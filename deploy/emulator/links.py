"""Integer weights -> ``Links``: every spike finds the weights it adds side by side, as the target's row has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from scipy import sparse

from convert.errors import UserError
from convert.network import Convolution
from deploy.arrays import Int16, Int32, Int64
from partition.geometry.links import KernelLink, Link, MatrixLink
from partition.geometry.tile import Tile

from .integers import KernelIntegers, LinkIntegers, PopulationIntegers, SparseIntegers
from .program import LANES, SCATTER, SEGMENTS, Layer, Links, padded

DENSE = 0.25
"""The filling from which a matrix is swept as rows of contiguous weights, padding counted as empty."""


@dataclass(frozen=True)
class _Part:
    """One link's part of ``Links``; places in ``weights`` counted from its own first."""

    table: tuple[int, ...]
    windows: Int64
    rows: Int64
    keys: Int64
    weights: Int16
    scatter: tuple[sparse.csc_array, ...] = ()


def layer_links(
    integers: PopulationIntegers, tile: Tile, first_rows: Int64, strips: Int32, layers: Mapping[str, Layer]
) -> Links:
    """The links into one population; ``first_rows`` are the first rows of its classes of rows."""
    parts = []
    for link, values in integers.links:
        source = layers[link.source]
        parts.append(_part(link, values, tile, first_rows, strips, source))
    return _join([layers[link.source] for link, _ in integers.links], parts, strips, len(first_rows))


@singledispatch
def _part(link: Link, integers: LinkIntegers, tile: Tile, first_rows: Int64, strips: Int32, source: Layer) -> _Part:
    raise TypeError(f"no weights of a {type(link).__name__}")


@_part.register
def _(link: MatrixLink, integers: SparseIntegers, tile: Tile, first_rows: Int64, strips: Int32, source: Layer) -> _Part:
    if len(integers.weights) > DENSE * source.neurons * link.target_shape[0] * _row_segment(link):
        return _dense(link, integers, len(first_rows), strips, source)
    return _one_each(link, integers, len(first_rows), strips, source) or _pairs(link, integers, strips, source)


@_part.register
def _(link: KernelLink, integers: KernelIntegers, tile: Tile, first_rows: Int64, strips: Int32, source: Layer) -> _Part:
    """A convolution, transposed or not: for each class of rows, alike source columns share their weights."""
    transform = link.projection.transform
    taps_in_rows, _, channels_in, channels = link.kernel.shape
    first_column, column_taps = _targets(link.columns)
    places = np.minimum(first_column[:, None] + np.arange(column_taps.shape[1]), link.target_shape[1] - 1)
    segment = padded(column_taps.shape[1] * channels)
    channel_step = taps_in_rows * segment
    keys, weights, variants = [], [], 0
    for row in first_rows:
        kernels = integers.of_block[row // tile[0]]
        _, alike = np.unique(kernels, axis=0, return_inverse=True)
        kind = np.where(column_taps >= 0, alike.ravel()[places // tile[1]], -1)
        features = np.concatenate([column_taps, kind], axis=1)
        _, example, variant = np.unique(features, axis=0, return_index=True, return_inverse=True)
        for j in example:
            packed = np.zeros((channels_in, taps_in_rows, segment), np.int16)
            for q, tap in enumerate(column_taps[j]):
                if tap >= 0:
                    part = _all_channels(integers, kernels[places[j, q] // tile[1]], tap, link.kernel.shape, tile)
                    packed[:, :, q * channels : (q + 1) * channels] = part.transpose(1, 0, 2)
            weights.append(packed.ravel())
        base = ((variants + variant.ravel()[:, None]) * channels_in + np.arange(channels_in)) * channel_step
        base[(column_taps < 0).all(axis=1)] = -1
        keys.append(np.stack([np.repeat(first_column * channels, channels_in), base.ravel()], axis=1))
        variants += len(example)
    first_row, row_taps = _targets(link.rows)
    number = (row_taps >= 0).sum(axis=1)
    step = -transform.strides[0] if isinstance(transform, Convolution) else 1
    table = (SEGMENTS, 0, step, segment // LANES, source.shift, source.row_length)
    windows = _windows(first_row, first_row + number, strips, source)
    rows = np.stack([first_row, row_taps[:, 0], number], axis=1)
    return _Part(table, windows, rows, np.concatenate(keys), np.concatenate(weights))


def _targets(taps: Int64) -> tuple[Int64, Int64]:
    """For each source position its first target and the taps of its consecutive targets, padded with -1."""
    reached = taps >= 0
    first, number = reached.argmax(axis=1), reached.sum(axis=1)
    width = max(1, int(number.max()))
    place = np.minimum(first[:, None] + np.arange(width), taps.shape[1] - 1)
    consecutive = np.take_along_axis(taps, place, axis=1)
    return first, np.where(np.arange(width) < number[:, None], consecutive, -1)


def _all_channels(integers: KernelIntegers, kernels: Int64, tap: int, shape: tuple[int, ...], tile: Tile) -> Int32:
    """Column ``tap`` of the kernels of all channel tiles side by side, shape (rows, channels in, channels)."""
    empty = np.zeros((shape[0], shape[2], tile[2]), np.int32)
    parts = [integers.kernels[k][:, tap] if k >= 0 else empty for k in kernels]
    return np.asarray(np.concatenate(parts, axis=-1)[..., : shape[3]])


def _windows(first: Int64, end: Int64, strips: Int32, source: Layer) -> Int64:
    """Shape (strips, 4): the source strips and source rows whose targets, rows ``first`` to ``end``, touch a strip."""
    touching = [np.flatnonzero((first < high) & (end > low) & (end > first)) for low, high, _ in strips]
    return np.array([_window(rows, source) for rows in touching])


def _window(rows: Int64, source: Layer) -> tuple[int, int, int, int]:
    """First and last strip, first and last row (the last excluded) of the ascending source ``rows``."""
    if not rows.size:
        return 0, 0, 0, 0
    a, b = np.searchsorted(source.strips[:, 1], [rows[0], rows[-1]], side="right")
    return int(a), int(b) + 1, int(rows[0]), int(rows[-1]) + 1


def _stored(link: MatrixLink, integers: SparseIntegers) -> sparse.csr_array:
    matrix = link.matrix
    return sparse.csr_array((integers.weights, matrix.indices, matrix.indptr), shape=matrix.shape)


def _row_segment(link: Link) -> int:
    return padded(link.target_shape[1] * link.target_shape[2])


def _dense(link: MatrixLink, integers: SparseIntegers, classes: int, strips: Int32, source: Layer) -> _Part:
    """A filled matrix: the "taps" of source row i are those from i * target rows on, one for each target row."""
    rows, length, high = source.shape[0], source.row_length, link.target_shape[0]
    segment, width = _row_segment(link), link.target_shape[1] * link.target_shape[2]
    packed = np.zeros((length, rows, high, segment), np.int16)
    weights = _stored(link, integers).toarray().reshape(high, width, rows, length)
    packed[..., :width] = weights.transpose(3, 2, 0, 1)
    keys = np.stack([np.zeros(length, np.int64), np.arange(length) * rows * high * segment], axis=1)
    lines = np.stack([np.zeros(rows, np.int64), np.arange(rows) * high, np.full(rows, high)], axis=1)
    table = (SEGMENTS, 0, 1, segment // LANES, source.shift, length)
    windows = np.array([[0, len(source.strips), 0, rows]] * len(strips))
    return _Part(table, windows, lines, np.tile(keys, (classes, 1)), packed.ravel())


def _one_each(link: MatrixLink, integers: SparseIntegers, classes: int, strips: Int32, source: Layer) -> _Part | None:
    """A matrix such as a shortcut's: each source neuron reaches one, a row one row, alike for all rows of a class."""
    stored, shape = _stored(link, integers).tocsc(), (source.shape[0], source.row_length)
    if (np.diff(stored.indptr) != 1).any():
        return None
    row, place = np.divmod(stored.indices.reshape(shape), link.target_shape[1] * link.target_shape[2])
    kind = np.repeat(strips[:, 2], strips[:, 1] - strips[:, 0])[row[:, 0]]
    each, key = np.stack([place, stored.data.reshape(shape)], axis=-1), np.zeros((classes, shape[1], 2), np.int64)
    key[kind] = each
    if (row != row[:, :1]).any() or (key[kind] != each).any():
        return None
    weights = key[:, :, 1].ravel().astype(np.int16)
    keys = np.stack([key[:, :, 0].ravel(), np.arange(len(weights))], axis=1)
    lines = np.stack([row[:, 0], np.zeros(len(row), np.int64), np.ones(len(row), np.int64)], axis=1)
    table = (SEGMENTS, 0, 0, 0, source.shift, source.row_length)
    return _Part(table, _windows(row[:, 0], row[:, 0] + 1, strips, source), lines, keys, weights)


def _pairs(link: MatrixLink, integers: SparseIntegers, strips: Int32, source: Layer) -> _Part:
    """Any other matrix: (place, weight) pairs for each source neuron, strip by strip."""
    length = link.target_shape[1] * link.target_shape[2]
    stored, stride = _stored(link, integers), padded(length)
    parts, windows = [], []
    for low, high, _ in strips:
        part = stored[low * length : high * length].tocsc()
        part.sort_indices()
        places = part.indices // length * stride + part.indices % length
        shape = ((high - low) * stride, part.shape[1])
        parts.append(sparse.csc_array((part.data, places, part.indptr), shape=shape))
        windows.append(_window(np.flatnonzero(np.diff(part.indptr)) // source.row_length, source))
    table = (SCATTER, 0, 0, 0, source.shift, source.row_length)
    none = np.zeros((0, 3), np.int64)
    return _Part(table, np.array(windows), none, none[:, :2], np.zeros(0, np.int16), tuple(parts))


def _join(sources: Sequence[Layer], parts: Sequence[_Part], strips: Int32, classes: int) -> Links:
    """The links of one layer as flat arrays, places counted from the first link's."""
    table = np.array([part.table for part in parts], np.int64).reshape(-1, 6)
    table[:, 1] = _offsets([len(part.rows) for part in parts])
    first_weight = _offsets([len(part.weights) for part in parts])
    keys = [p.keys + np.where(p.keys[:, 1:] >= 0, [[0, w]], 0) for p, w in zip(parts, first_weight, strict=True)]
    per_class = np.array([len(part.keys) // classes for part in parts], np.int64)
    scatter = [(s, p, matrix) for p, part in enumerate(parts) for s, matrix in enumerate(part.scatter)]
    pair = _offsets([matrix.nnz for *_, matrix in scatter])
    line = _offsets([len(matrix.indptr) for *_, matrix in scatter])
    scatter_start = np.zeros((len(strips), len(parts)), np.int64)
    for (s, p, _), start in zip(scatter, line, strict=True):
        scatter_start[s, p] = start
    pointers = [matrix.indptr + first for (*_, matrix), first in zip(scatter, pair, strict=True)]
    return Links(
        sources=tuple(source.name for source in sources),
        source_strips=np.concatenate([np.zeros((0, 3), np.int32), *(source.strips for source in sources)]),
        source_start=_offsets([len(source.strips) for source in sources]),
        table=table,
        windows=np.array([part.windows for part in parts], np.int32).reshape(-1, len(strips), 4).swapaxes(0, 1).copy(),
        rows=_int32(np.concatenate([np.zeros((0, 3), np.int64), *(part.rows for part in parts)])),
        key_start=_offsets([len(part.keys) for part in parts]) + np.arange(classes)[:, None] * per_class,
        keys=_int32(np.concatenate([np.zeros((0, 2), np.int64), *keys])),
        weights=np.concatenate([np.zeros(0, np.int16), *(part.weights for part in parts)]),
        scatter_start=scatter_start,
        scatter_ptr=np.concatenate([np.zeros(0, np.int64), *pointers]),
        scatter_place=_int32(np.concatenate([np.zeros(0, np.int64), *(matrix.indices for *_, matrix in scatter)])),
        scatter_weight=np.concatenate([np.zeros(0, np.int32), *(m.data for *_, m in scatter)]).astype(np.int16),
    )


def _int32(values: Int64) -> Int32:
    if values.size and values.max() > np.iinfo(np.int32).max:
        raise UserError(f"a layer takes {values.max():,} weights in the emulator, more than 2^31: use larger tiles")
    return np.asarray(values.astype(np.int32))


def _offsets(sizes: Sequence[int]) -> Int64:
    return np.cumsum([0, *sizes], dtype=np.int64)[:-1]
