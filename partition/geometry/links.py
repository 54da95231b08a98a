"""Who reaches whom: which neurons of a source have a synapse into which neurons of a target.

A convolution, transposed or not, connects source pixel (i, j) to target pixel (y, x) if row i reaches row y and column
j reaches column x; all channels reach all. So two small matrices of kernel taps hold its whole geometry. Any other
projection is a matrix of neurons; in most of them, as in pooling, rows, columns and channels are connected apart too,
and three small arrays tell who reaches whom. Each kind of link has its own algorithms, found by
``functools.singledispatch``.
The wires between chips are in ``board/routes.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convert.network import Array, Network, Projection, Shape, SharedKernel, Taps
from convert.network.connections import Connected, Connections, connected_apart

from .blocks import Ints, starts
from .intervals import Intervals, intervals_of
from .list_lengths import ListLengths, list_lengths
from .matrix_blocks import BlocksReached, blocks_reached
from .tile import Tile

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Link(ABC):
    """A projection between two populations: a ``KernelLink``, ``MatrixLink``, ``SinglesLink`` or ``SeparableLink``."""

    projection: Projection
    source_shape: Shape
    target_shape: Shape

    @property
    def source(self) -> str:
        return self.projection.source

    @property
    def target(self) -> str:
        return self.projection.target

    @property
    @abstractmethod
    def geometry(self) -> bytes:
        """A digest of who reaches whom (and of the weights, where they are not shared)."""


@dataclass(frozen=True, eq=False)
class KernelLink(Link):
    """A link whose pixels share one kernel: the taps of its rows and of its columns, and the kernel.

    ``kernel`` has shape (rows, columns, channels in, channels out); ``seen`` are the source's rows and columns that
    have axons. What methods compute for one tile size is kept.
    """

    rows: Taps
    columns: Taps
    kernel: Array = field(repr=False)
    seen: tuple[Sequence[int] | Ints, Sequence[int] | Ints] = field(repr=False)
    _reached: dict[tuple[int, int], Bools] = field(default_factory=dict, init=False, repr=False)
    _most: dict[tuple[int, int, int], int] = field(default_factory=dict, init=False, repr=False)
    _intervals: dict[tuple[int, int, bool], Intervals] = field(default_factory=dict, init=False, repr=False)
    _depths: dict[int, Ints] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def geometry(self) -> bytes:
        stored = self.kernel != 0
        parts = () if stored.all() else (np.array(stored.shape), np.packbits(stored))
        return _digest(np.array(self.rows.shape + self.columns.shape), self.rows, self.columns, *parts)

    def depths(self, step: int) -> Ints:
        """The weights that a list has for each tap, by tile of ``step`` channels: those of the fullest tap.

        All channels of a source pixel have lists of one length; zeros that a list can do without are not stored.
        """
        if step not in self._depths:
            stored = np.add.reduceat(self.kernel != 0, starts(self.target_shape[2], step), axis=3, dtype=np.int64)
            self._depths[step] = np.maximum(stored.max(axis=(0, 1, 2)), 1)
        return self._depths[step]

    def taps(self, axis: int) -> Taps:
        """The taps of ``axis``: 0 rows, 1 columns."""
        return (self.rows, self.columns)[axis]

    def reach(self, axis: int, step: int) -> Bools:
        """Shape (source positions, target tiles): as ``reach`` of the taps of ``axis``."""
        if (axis, step) not in self._reached:
            self._reached[axis, step] = reach(self.taps(axis), step)
        return self._reached[axis, step]

    def most_reached(self, axis: int, source_step: int, target_step: int) -> int:
        """The most target tiles that a tile of the source reaches along ``axis``, summed over its positions."""
        key = (axis, source_step, target_step)
        if key not in self._most:
            reached = self.reach(axis, target_step).sum(axis=1)
            self._most[key] = int(np.add.reduceat(reached, starts(len(reached), source_step)).max())
        return self._most[key]

    def intervals(self, axis: int, step: int, *, whole: bool) -> Intervals:
        """The synapse lists that tiles of ``step`` positions need along ``axis``, as ``intervals_of`` gives them."""
        key = (axis, step, whole)
        if key not in self._intervals:
            self._intervals[key] = intervals_of(self.taps(axis), step, whole=whole)
        return self._intervals[key]

    def taps_kept(self, axis: int, step: int) -> Ints:
        """For each tile of ``step`` positions the taps of its distinct lists, cut or whole, whichever are fewer."""
        cut, whole = (self.intervals(axis, step, whole=whole) for whole in (False, True))
        taps = np.array([[interval.kind_count.sum() for interval in found] for found, _ in (cut, whole)])
        return np.asarray(taps.min(axis=0)[cut[1]])


@dataclass(frozen=True, eq=False)
class MatrixLink(Link):
    """A link with a weight for each connected pair of neurons: ``matrix`` has shape (target neurons, source neurons).

    What is computed for one tile is kept.
    """

    matrix: sparse.csr_array = field(repr=False)
    _pairs: dict[Tile, tuple[Ints, Ints]] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def geometry(self) -> bytes:
        return _digest(self.matrix.indptr, self.matrix.indices, self.matrix.data)

    def blocks_reached(self, tile: Tile) -> BlocksReached:
        """Which source neuron has synapses into which block when ``tile`` cuts the target."""
        return blocks_reached(self.matrix, self.target_shape, tile)

    def pairs(self, tile: Tile) -> tuple[Ints, Ints]:
        """(source neuron, target block) of each entry of ``blocks_reached``."""
        if tile not in self._pairs:
            found = self.blocks_reached(tile)
            self._pairs[tile] = (found.source, found.block)
        return self._pairs[tile]


@dataclass(frozen=True, eq=False)
class SinglesLink(Link):
    """A link of single synapses that are foreseen, not known: which rows, columns and channels are connected."""

    connected: tuple[Connected, Connected, Connected] = field(repr=False)
    _lists: dict[tuple[int, int], ListLengths] = field(default_factory=dict, init=False, repr=False)
    _reached: dict[tuple[int, int], Bools] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def geometry(self) -> bytes:
        shapes = np.array([part.shape for part in self.connected])
        return _digest(shapes, *(np.packbits(part) for part in self.connected))

    def lists(self, axis: int, step: int) -> ListLengths:
        """The synapse lists into tiles of ``step`` positions along ``axis``; kept."""
        if (axis, step) not in self._lists:
            self._lists[axis, step] = list_lengths(self.connected[axis], step)
        return self._lists[axis, step]

    def reach(self, axis: int, step: int) -> Bools:
        """Shape (source positions, target tiles): whether a position has a synapse into a tile of ``step``; kept."""
        if (axis, step) not in self._reached:
            first = starts(self.connected[axis].shape[1], step)
            self._reached[axis, step] = np.logical_or.reduceat(self.connected[axis], first, axis=1)
        return self._reached[axis, step]

    def most_reached(self, axis: int, source_step: int, target_step: int) -> int:
        """The most target tiles that a tile of the source reaches along ``axis``, summed over its positions."""
        reached = self.lists(axis, target_step).reached
        return int(np.add.reduceat(reached, starts(len(reached), source_step)).max())


@dataclass(frozen=True, eq=False)
class SeparableLink(SinglesLink, MatrixLink):
    """A matrix in which rows, columns and channels are connected apart: pooling, upsampling, a bias, a dense layer."""

    @cached_property
    def geometry(self) -> bytes:
        return _digest(self.matrix.indptr, self.matrix.indices, self.matrix.data)


def link(network: Network, projection: Projection) -> Link:
    """The link of ``projection``: with taps where its pixels share a kernel, else with its matrix."""
    source, target = network.shape_of(projection.source), network.shape_of(projection.target)
    transform = projection.transform
    if isinstance(transform, Connections):
        return SinglesLink(projection, source, target, transform.parts)
    if isinstance(transform, SharedKernel):
        axes, seen = transform.axes(source, target), transform.seen(source)
        return KernelLink(projection, source, target, *axes, transform.weights, seen)
    matrix = transform.as_matrix(source, target)
    connected = connected_apart(matrix, source, target)
    if connected is None:
        return MatrixLink(projection, source, target, matrix)
    return SeparableLink(projection, source, target, matrix=matrix, connected=connected)


def links_onto_chip(network: Network) -> tuple[Link, ...]:
    """The links that end on chip populations, in the order of the network."""
    on_chip = {population.name for population in network.chip_populations}
    return tuple(link(network, p) for p in network.projections if p.target in on_chip)


def reach(taps: Taps, step: int) -> Bools:
    """Shape (source positions, target tiles): whether a position has a synapse into a tile of ``step`` positions."""
    return np.add.reduceat(taps >= 0, starts(taps.shape[1], step), axis=1) > 0


def _digest(*arrays: NDArray[np.generic]) -> bytes:
    digest = sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.digest()
