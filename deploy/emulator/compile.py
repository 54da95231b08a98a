"""ConvertedNetwork and Partition -> ``Program``: strips, classes of rows, weights repacked so that taps are contiguous."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from convert.errors import UserError
from convert.network import ConvertedNetwork, Convolution, Population, Shape, Sparse
from partition.geometry import Link, starts
from partition.plan import Partition, Tile

from .fanout import fanouts
from .integers import Ints, KernelIntegers, PopulationIntegers, SparseIntegers, discretize
from .program import (
    LANES,
    SCATTER,
    SEGMENTS,
    ChipLayer,
    Fanout,
    HostLayer,
    Int16,
    Int32,
    Int64,
    Layer,
    Links,
    Program,
    padded,
)

STRIP_NEURONS = 4096
"""Neurons in a strip: few enough for the cache, enough rows that few spikes are wanted by two strips."""

DENSE = 0.25
"""The filling from which a matrix is swept as rows of contiguous weights."""

NEVER = np.iinfo(np.int32).max
"""The threshold of the places that pad a row."""


@dataclass(frozen=True)
class _LinkArrays:
    """One link's part of ``Links``; places in ``weights`` and ``keys`` counted from its own first."""

    table: tuple[int, ...]
    windows: Int64
    rows: Int32
    keys: Int32
    weights: Int16
    scatter: tuple[sparse.csc_array, ...] = ()


def compile_network(network: ConvertedNetwork, partition: Partition) -> Program:
    """The program of ``network`` on the cores of ``partition``, with exactly nengo_loihi's integers."""
    if set(partition.tiles) != {population.name for population in network.chip_populations}:
        raise UserError("the partition does not cut this network's layers; run partition-model on this bundle again")
    integers = discretize(network, partition.tiles)
    tables = fanouts(network, partition)
    layers: dict[str, Layer] = {}
    for population in network.populations:
        name, shape, fanout = population.name, population.shape, tables[population.name]
        if population.on_chip:
            layers[name] = _chip_layer(population, partition.tiles[name], integers[name], fanout, layers)
        else:
            one_class = np.zeros(shape[0], np.int64)
            layers[name] = HostLayer(name, shape, _strips(shape, one_class), fanout, network.dt_s)
    outputs = {readout.name for readout in network.readouts}
    readouts = dict.fromkeys(p.source for p in network.projections if p.target in outputs)
    return Program(tuple(layers.values()), tuple(readouts), network.dt_s, network.timesteps)


def _chip_layer(
    population: Population, tile: Tile, integers: PopulationIntegers, fanout: Fanout, layers: dict[str, Layer]
) -> ChipLayer:
    shape = population.shape
    of_row, first_rows = _row_classes(shape, tile, integers)
    strips = _strips(shape, of_row)
    length, stride = shape[1] * shape[2], padded(shape[1] * shape[2])
    vth, vmin = np.full((len(first_rows), stride), NEVER, np.int32), np.zeros((len(first_rows), stride), np.int32)
    vth[:, :length] = integers.vth.reshape(shape[0], length)[first_rows]
    vmin[:, :length] = integers.vmin.reshape(shape[0], length)[first_rows]
    bias = np.zeros((shape[0], stride), np.int32)
    bias[:, :length] = integers.bias.reshape(shape[0], length)
    if (bias == bias[0]).all():
        bias = bias[:1]
    parts = [
        _segments(link, values, tile, first_rows, strips, layers)
        if isinstance(values, KernelIntegers)
        else _matrix(link, values, len(first_rows), strips, layers)
        for link, values in integers.links
    ]
    links = _join([layers[link.source] for link, _ in integers.links], parts, strips, len(first_rows))
    return ChipLayer(population.name, shape, strips, fanout, vth, vmin, bias, 4096 - 1 - integers.decay_u, links)


def _row_classes(shape: Shape, tile: Tile, integers: PopulationIntegers) -> tuple[Int64, Int64]:
    """The class of each row, and the first row of each class: rows of a class have the same thresholds and kernels."""
    rows = starts(shape[0], tile[0])
    features = [integers.vth[rows].reshape(len(rows), -1), integers.vmin[rows].reshape(len(rows), -1)]
    features += [v.of_block.reshape(len(rows), -1) for _, v in integers.links if isinstance(v, KernelIntegers)]
    _, first, index = np.unique(np.concatenate(features, axis=1), axis=0, return_index=True, return_inverse=True)
    return index.ravel()[np.arange(shape[0]) // tile[0]], rows[first]


def _strips(shape: Shape, of_row: Int64) -> Int32:
    """Strips of about ``STRIP_NEURONS`` neurons that end where the class of rows changes."""
    height = max(1, STRIP_NEURONS // (shape[1] * shape[2]))
    ends = [*np.flatnonzero(np.diff(of_row)) + 1, shape[0]]
    strips: list[tuple[int, int, int]] = []
    for first, end in zip([0, *ends], ends, strict=False):
        pieces = -(-(end - first) // height)
        cuts = np.linspace(first, end, pieces + 1).round().astype(int)
        strips += [(int(a), int(b), int(of_row[a])) for a, b in zip(cuts, cuts[1:], strict=False)]
    return np.array(strips, np.int32)


def _segments(
    link: Link, integers: KernelIntegers, tile: Tile, first_rows: Int64, strips: Int32, layers: dict[str, Layer]
) -> _LinkArrays:
    """A convolution, transposed or not: for each class of rows, distinct patterns of columns share their weights."""
    transform = link.projection.transform
    assert link.rows is not None and link.columns is not None and not isinstance(transform, Sparse)
    taps_in_rows, _, channels_in, channels = transform.kernel.shape
    first_column, column_taps = _targets(link.columns)
    segment = padded(column_taps.shape[1] * channels)
    block = channels_in * taps_in_rows * segment
    keys, weights, size = [], [], 0
    for row in first_rows:
        kernel_of = integers.of_block[row // tile[0]]
        _, column_class = np.unique(kernel_of, axis=0, return_inverse=True)
        places = np.minimum(first_column[:, None] + np.arange(column_taps.shape[1]), link.target_shape[1] - 1)
        kind = np.where(column_taps >= 0, column_class.ravel()[places // tile[1]], -1)
        _, example, variant = np.unique(np.concatenate([column_taps, kind], axis=1), axis=0, return_index=True,
                                        return_inverse=True)
        for j in example:
            packed = np.zeros((channels_in, taps_in_rows, segment), np.int16)
            for q, tap in enumerate(column_taps[j]):
                if tap >= 0:
                    row_of_tap = _whole(integers, kernel_of[places[j, q] // tile[1]], tap, transform.kernel.shape, tile)
                    packed[:, :, q * channels : (q + 1) * channels] = row_of_tap.transpose(1, 0, 2)
            weights.append(packed.ravel())
        base = size + variant.ravel()[:, None] * block + np.arange(channels_in) * taps_in_rows * segment
        place = np.where((column_taps >= 0).any(axis=1)[:, None], base, -1)
        keys.append(np.stack([np.repeat(first_column * channels, channels_in), place.ravel()], axis=1))
        size += len(example) * block
    step = -transform.strides[0] if isinstance(transform, Convolution) else 1
    first_row, row_taps = _targets(link.rows)
    rows = np.stack([first_row, row_taps[:, 0], (row_taps >= 0).sum(axis=1)], axis=1)
    # taps of consecutive target rows: one stride apart, downwards in a convolution, upwards in a transposed one
    source = layers[link.source]
    table = (SEGMENTS, 0, step, segment // LANES, source.shift, source.row_length)
    windows = _windows(first_row, first_row + rows[:, 2], strips, source)
    return _LinkArrays(table, windows, rows.astype(np.int32), np.concatenate(keys), np.concatenate(weights))


def _targets(taps: Int64) -> tuple[Int64, Int64]:
    """For each source position its first target and the taps of its consecutive targets, padded with -1."""
    reached = taps >= 0
    first, number = reached.argmax(axis=1), reached.sum(axis=1)
    width = max(1, int(number.max()))
    place = np.minimum(first[:, None] + np.arange(width), taps.shape[1] - 1)
    consecutive = np.take_along_axis(taps, place, axis=1)
    return first, np.where(np.arange(width) < number[:, None], consecutive, -1)


def _whole(integers: KernelIntegers, kernels: Int64, tap: int, shape: tuple[int, ...], tile: Tile) -> Ints:
    """Column ``tap`` of the kernels of all channel tiles side by side, shape (rows, channels in, channels)."""
    empty = np.zeros((shape[0], shape[2], tile[2]), np.int32)
    parts = [integers.kernels[k][:, tap] if k >= 0 else empty for k in kernels]
    return np.concatenate(parts, axis=-1)[..., : shape[3]]


def _windows(first: Int64, end: Int64, strips: Int32, source: Layer) -> Int64:
    """Shape (strips, 4): the source strips, and of them the source rows, with targets in rows ``first`` to ``end``."""
    windows = np.zeros((len(strips), 4), np.int64)
    for s, (low, high, _) in enumerate(strips):
        rows = np.flatnonzero((first < high) & (end > low) & (end > first))
        if rows.size:
            a, b = np.searchsorted(source.strips[:, 1], [rows[0], rows[-1]], side="right")
            windows[s] = a, b + 1, rows[0], rows[-1] + 1
    return windows


def _matrix(
    link: Link, integers: SparseIntegers, classes: int, strips: Int32, layers: dict[str, Layer]
) -> _LinkArrays:
    """A matrix: contiguous weights if it is dense and its target a vector, (place, weight) pairs otherwise."""
    transform, source, target = link.projection.transform, layers[link.source], link.target_shape
    assert isinstance(transform, Sparse)
    matrix = transform.matrix
    stored = sparse.csr_array((integers.weights, matrix.indices, matrix.indptr), shape=matrix.shape)
    length = source.row_length
    if target[0] == 1 and matrix.nnz > DENSE * matrix.shape[0] * matrix.shape[1]:
        segment = padded(matrix.shape[0])
        packed = np.zeros((length, source.shape[0], segment), np.int16)
        packed[:, :, : matrix.shape[0]] = stored.toarray().T.reshape(source.shape[0], length, -1).swapaxes(0, 1)
        one = np.stack([np.zeros(length, np.int64), np.arange(length) * source.shape[0] * segment], axis=1)
        rows = np.stack([np.zeros(source.shape[0]), np.arange(source.shape[0]), np.ones(source.shape[0])], axis=1)
        table = (SEGMENTS, 0, 0, segment // LANES, source.shift, length)
        whole = np.array([[0, len(source.strips), 0, source.shape[0]]] * len(strips))
        return _LinkArrays(table, whole, rows.astype(np.int32), np.tile(one, (classes, 1)), packed.ravel())
    row_length, stride = target[1] * target[2], padded(target[1] * target[2])
    parts, windows = [], np.zeros((len(strips), 4), np.int64)
    for s, (low, high, _) in enumerate(strips):
        part = stored[low * row_length : high * row_length].tocsc()
        part.sort_indices()
        parts.append(sparse.csc_array((part.data, part.indices // row_length * stride + part.indices % row_length,
                                       part.indptr), shape=((high - low) * stride, part.shape[1])))
        reached = np.flatnonzero(np.diff(part.indptr)) // length
        if reached.size:
            a, b = np.searchsorted(source.strips[:, 1], [reached[0], reached[-1]], side="right")
            windows[s] = a, b + 1, reached[0], reached[-1] + 1
    none = np.zeros((0, 3), np.int32)
    table = (SCATTER, 0, 0, 0, source.shift, length)
    return _LinkArrays(table, windows, none, np.zeros((0, 2), np.int32), np.zeros(0, np.int16), tuple(parts))


def _join(sources: Sequence[Layer], parts: Sequence[_LinkArrays], strips: Int32, classes: int) -> Links:
    """The links of one layer as flat arrays, places counted from the first link's."""
    table = np.array([part.table for part in parts], np.int64).reshape(-1, 6)
    table[:, 1] = _offsets([len(part.rows) for part in parts])
    first_weight = _offsets([len(part.weights) for part in parts])
    keys = [part.keys + np.where(part.keys[:, 1:] >= 0, [[0, w]], 0) for part, w in zip(parts, first_weight, strict=True)]
    first_key = _offsets([len(part.keys) for part in parts])
    key_start = first_key + np.arange(classes)[:, None] * np.array([len(part.keys) // classes for part in parts], np.int64)
    scatter = [(s, p, m) for p, part in enumerate(parts) for s, m in enumerate(part.scatter)]
    scatter_start = np.zeros((len(strips), len(parts)), np.int64)
    pointers, pairs, lines = [np.zeros(0, np.int64)], 0, 0
    for s, p, m in scatter:
        scatter_start[s, p] = lines
        pointers.append(m.indptr.astype(np.int64) + pairs)
        pairs, lines = pairs + m.nnz, lines + len(m.indptr)
    return Links(
        sources=tuple(source.name for source in sources),
        source_strips=np.concatenate([np.zeros((0, 3), np.int32), *(source.strips for source in sources)]),
        source_start=_offsets([len(source.strips) for source in sources]),
        table=table,
        windows=np.stack([p.windows for p in parts], axis=1).astype(np.int32)
        if parts else np.zeros((len(strips), 0, 4), np.int32),
        rows=np.concatenate([np.zeros((0, 3), np.int32), *(part.rows for part in parts)]),
        key_start=key_start,
        keys=_int32(np.concatenate([np.zeros((0, 2), np.int64), *keys])),
        weights=np.concatenate([np.zeros(0, np.int16), *(part.weights for part in parts)]),
        scatter_start=scatter_start,
        scatter_ptr=np.concatenate(pointers),
        scatter_place=np.concatenate([np.zeros(0, np.int32), *(m.indices for *_, m in scatter)]).astype(np.int32),
        scatter_weight=np.concatenate([np.zeros(0, np.int16), *(m.data for *_, m in scatter)]).astype(np.int16),
    )


def _int32(values: Int64) -> Int32:
    if values.size and values.max() > np.iinfo(np.int32).max:
        raise UserError(f"a layer's weights take {values.max():,} places in the emulator, more than 2^31: use larger tiles")
    return values.astype(np.int32)


def _offsets(sizes: Sequence[int]) -> Int64:
    return np.cumsum([0, *sizes[:-1]], dtype=np.int64) if sizes else np.zeros(0, np.int64)
