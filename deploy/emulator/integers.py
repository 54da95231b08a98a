"""The integers of every block, as nengo_loihi's builder, splitter and discretizer make them, without building a block.

A block's integers depend on its neurons' biases and on the largest weight that reaches it, over all its synapses.
Blocks alike in these share one ``core_scale`` of ``convert.network.chip_integers``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from convert.errors import UserError
from convert.network import Network, Population
from convert.network.chip_integers import UNIT, CoreScale, bias_integers, core_scale, current_decay, synapse_integers
from deploy.arrays import Bool, Float32, Int32, Int64
from partition.geometry.blocks import block_of_neuron, counts, starts
from partition.geometry.links import KernelLink, Link, MatrixLink, link, links_onto_chip
from partition.geometry.tile import Tile


@dataclass(frozen=True)
class KernelIntegers:
    """A convolution's kernels as the blocks hold them.

    ``kernels[of_block[r, c, k]]``, shape (rows, columns, channels in, channels of the block), belongs to the block of
    row tile r, column tile c and channel tile k; taps that no synapse of it uses are 0. -1: no synapse at all.
    """

    kernels: tuple[Int32, ...]
    of_block: Int64


@dataclass(frozen=True)
class SparseIntegers:
    """The integers of a ``Sparse`` transform's stored weights, in the order of its matrix."""

    weights: Int32


LinkIntegers = KernelIntegers | SparseIntegers


@dataclass(frozen=True)
class PopulationIntegers:
    """One population's integers: ``vth``, ``vmin`` and ``bias`` for each neuron, shape (rows, columns, channels)."""

    vth: Int32
    vmin: Int32
    bias: Int32
    decay_u: int
    decay_v: int
    links: tuple[tuple[Link, LinkIntegers], ...]


DECODED_S = 0.005
"""The filter that nengo_loihi gives neurons that nothing reaches. Source: ``Model.decode_tau`` in its builder."""


def discretize(network: Network, tiles: Mapping[str, Tile]) -> dict[str, PopulationIntegers]:
    """The integers of every chip population cut by ``tiles``.

    Raises ``UserError`` for all populations whose biases have no place beside their weights: nengo_loihi builds none.
    """
    links = links_onto_chip(network)
    found: dict[str, PopulationIntegers] = {}
    problems: list[str] = []
    for p in network.chip_populations:
        own = tuple(link for link in links if link.target == p.name)
        try:
            found[p.name] = _population(network, p, tiles[p.name], own)
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    return found


def core_scales(
    network: Network, population: Population, tile: Tile, *, without: Collection[str] = ()
) -> tuple[list[CoreScale], Int64]:
    """The scales of the cores of ``population``, and each block's, shape (row tiles, column tiles, channel tiles).

    ``without`` are sources that do not count: weights that are smaller than others in any case.
    """
    links = tuple(link(network, p) for p in network.into(population.name) if p.source not in without)
    found = _blocks(network, population, tile, links, [_weights(link, network.dt_s) for link in links])
    return found.scales, found.of_block


@dataclass(frozen=True)
class _Blocks:
    """The compartments of one population in groups of blocks of one scale, ``of_block``; ``largest`` by link."""

    vth: Int32
    vmin: Int32
    bias: Int32
    decay_u: int
    largest: list[Float32]
    scales: list[CoreScale]
    of_block: Int64


def _blocks(
    network: Network, population: Population, tile: Tile, links: tuple[Link, ...], weights: list[Float32]
) -> _Blocks:
    largest = [_largest(link, w, tile) for link, w in zip(links, weights, strict=True)]
    w_max = np.max([np.zeros(counts(population.shape, tile), np.float32), *largest], axis=0)
    bias = population.bias_hz.reshape(population.shape).astype(np.float32)
    b_max = np.abs(bias)
    for axis, step in enumerate(tile):
        b_max = np.maximum.reduceat(b_max, starts(bias.shape[axis], step), axis=axis)
    pair = np.stack([w_max.ravel(), b_max.ravel()])
    _, first, group = np.unique(pair, axis=1, return_index=True, return_inverse=True)
    of_neuron = group.ravel()[block_of_neuron(population.shape, tile)]
    vth, vmin, out_bias = (np.zeros(population.neurons, np.int32) for _ in range(3))
    scales = []
    synapse_s = population.synapse_s if links else DECODED_S
    decay_u = _current_decay(population, synapse_s, network.dt_s)
    order = np.argsort(of_neuron, kind="stable")
    bounds = np.searchsorted(of_neuron[order], np.arange(len(first) + 1))
    for g, block in enumerate(first):
        members = order[bounds[g] : bounds[g + 1]]
        scale = _scale(bias.ravel()[members], w_max.ravel()[block], population, network, synapse_s)
        vth[members], vmin[members] = scale.threshold, scale.floor
        out_bias[members] = bias_integers(bias.ravel()[members], scale)
        scales.append(scale)
    shape, of_block = population.shape, group.reshape(w_max.shape)
    of_neurons = (vth.reshape(shape), vmin.reshape(shape), out_bias.reshape(shape))
    return _Blocks(*of_neurons, decay_u, largest, scales, of_block)


def _current_decay(population: Population, synapse_s: float, dt_s: float) -> int:
    try:
        return current_decay(synapse_s, dt_s)
    except ValueError as error:
        raise UserError(f"layer {population.name!r}: {error}; convert with a shorter one") from error


def _population(network: Network, population: Population, tile: Tile, links: tuple[Link, ...]) -> PopulationIntegers:
    weights = [_weights(link, network.dt_s) for link in links]
    found = _blocks(network, population, tile, links, weights)
    integers = tuple(
        (link, _discretized(link, w, most, found.of_block, found.scales, tile))
        for link, w, most in zip(links, weights, found.largest, strict=True)
    )
    decays = found.decay_u, population.neuron.decay_v
    return PopulationIntegers(found.vth, found.vmin, found.bias, *decays, integers)


@singledispatch
def _weights(link: Link, dt_s: float) -> Float32:
    """The weights as nengo_loihi's builder hands them on: a kernel divided by dt, a matrix times 1 / dt, in float32."""
    raise TypeError(f"no weights of a {type(link).__name__}")


@_weights.register
def _(link: KernelLink, dt_s: float) -> Float32:
    return np.asarray((link.kernel / dt_s).astype(np.float32))


@_weights.register
def _(link: MatrixLink, dt_s: float) -> Float32:
    return np.asarray((link.projection.transform.weights * (1.0 / dt_s)).astype(np.float32))


@singledispatch
def _largest(link: Link, weights: Float32, tile: Tile) -> Float32:
    """The largest |weight| that reaches each block, shape (row tiles, column tiles, channel tiles); -inf for none."""
    raise TypeError(f"no weights of a {type(link).__name__}")


@_largest.register
def _(link: KernelLink, kernel: Float32, tile: Tile) -> Float32:
    rows, columns = _used(link, tile)
    (row_sets, of_row), (column_sets, of_column) = _unique(rows), _unique(columns)
    size = np.abs(kernel).max(axis=2)
    size = np.maximum.reduceat(size, starts(size.shape[2], tile[2]), axis=2)
    largest = np.full((len(row_sets), len(column_sets), size.shape[2]), -np.inf, np.float32)
    for r, row_set in enumerate(row_sets):
        for c, column_set in enumerate(column_sets):
            taps = size[row_set][:, column_set]
            if taps.size:
                largest[r, c] = taps.max(axis=(0, 1))
    return np.asarray(largest[of_row][:, of_column])


@_largest.register
def _(link: MatrixLink, weights: Float32, tile: Tile) -> Float32:
    largest = np.full(np.prod(counts(link.target_shape, tile)), -np.inf, np.float32)
    np.maximum.at(largest, _block_of_weight(link, tile), np.abs(weights))
    return largest.reshape(counts(link.target_shape, tile))


def _block_of_weight(link: MatrixLink, tile: Tile) -> Int64:
    row = np.repeat(np.arange(link.matrix.shape[0]), np.diff(link.matrix.indptr))
    return np.asarray(block_of_neuron(link.target_shape, tile)[row])


def _used(link: KernelLink, tile: Tile) -> tuple[Bool, Bool]:
    """Shape (tiles, taps) for rows and for columns: the kernel taps by which a tile is reached."""
    used = []
    for axis, taps in enumerate((link.rows, link.columns)):
        size = link.kernel.shape[axis]
        reached = np.zeros((size, taps.shape[1]), np.int64)
        source, target = np.nonzero(taps >= 0)
        reached[taps[source, target], target] = 1
        used.append(np.add.reduceat(reached, starts(taps.shape[1], tile[axis]), axis=1).T > 0)
    return used[0], used[1]


def _unique(sets: Bool) -> tuple[Bool, Int64]:
    unique, index = np.unique(sets, axis=0, return_inverse=True)
    return unique, index.ravel()


def _scale(bias: Float32, largest: np.float32, population: Population, network: Network, synapse_s: float) -> CoreScale:
    """The scale of blocks with these biases in Hz. Raises ``UserError`` where nengo_loihi finds none."""
    bias_hz = np.float32(np.abs(bias).max())
    scale = core_scale(largest, population.neuron.floor, network.dt_s, largest_bias_hz=bias_hz, synapse_s=synapse_s)
    if scale.threshold == 0:
        raise UserError(
            f"layer {population.name!r}: beside its largest weight, {largest * network.dt_s:.4g} thresholds, a "
            "threshold is nothing in the chip's integers, which hold some 500 at most: scale weights down"
        )
    if not scale.fits:
        raise UserError(
            f"layer {population.name!r}: its biases, up to {bias_hz:.4g} Hz, have no place beside its "
            f"largest weight, {largest * network.dt_s:.4g}, in the chip's integers: scale weights up or biases down"
        )
    return scale


@singledispatch
def _discretized(
    link: Link, weights: Float32, largest: Float32, of_block: Int64, scales: list[CoreScale], tile: Tile
) -> LinkIntegers:
    """The integers of ``weights``; ``largest`` as ``_largest`` gives it, ``of_block`` the scale of each block."""
    raise TypeError(f"no integers of a {type(link).__name__}")


@_discretized.register
def _(
    link: KernelLink, kernel: Float32, largest: Float32, of_block: Int64, scales: list[CoreScale], tile: Tile
) -> KernelIntegers:
    rows, columns = _used(link, tile)
    (row_sets, of_row), (column_sets, of_column) = _unique(rows), _unique(columns)
    r, c, k = np.indices(of_block.shape).reshape(3, -1)
    keys = np.stack([of_row[r], of_column[c], k, of_block.ravel()])
    keys[:, np.isneginf(largest.ravel())] = -1
    unique, index = np.unique(keys, axis=1, return_inverse=True)
    empty = int(unique[0, 0] == -1)
    kernels = []
    for row, column, channel, scale in unique.T[empty:]:
        part = np.zeros((*kernel.shape[:3], min(tile[2], kernel.shape[3] - channel * tile[2])), np.int32)
        taps = np.ix_(row_sets[row], column_sets[column])
        reached = kernel[..., channel * tile[2] : (channel + 1) * tile[2]][taps]
        part[taps] = _synapse(reached, scales[scale]).reshape(reached.shape)
        kernels.append(part)
    return KernelIntegers(tuple(kernels), index.reshape(of_block.shape) - empty)


@_discretized.register
def _(
    link: MatrixLink, weights: Float32, largest: Float32, of_block: Int64, scales: list[CoreScale], tile: Tile
) -> SparseIntegers:
    """Blocks alike in scale and largest weight have their weights discretized together."""
    integers = np.zeros(len(weights), np.int32)
    if len(weights) == 0:
        return SparseIntegers(integers)
    _, alike = np.unique(np.stack([largest.ravel(), of_block.ravel()]), axis=1, return_inverse=True)
    group = alike.ravel()[_block_of_weight(link, tile)]
    order = np.argsort(group, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        block = int(np.flatnonzero(alike.ravel() == group[members[0]])[0])
        integers[members] = _synapse(weights[members], scales[of_block.ravel()[block]])
    return SparseIntegers(integers)


def _synapse(weights: Float32, scale: CoreScale) -> Int32:
    """All weights of one block's synapse, or of several alike."""
    return np.asarray(synapse_integers(weights, scale).astype(np.int32) * UNIT)
