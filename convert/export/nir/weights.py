"""What a transform is between two layouts: the weights of one convolution of torch, or of a matrix; and back from them.

With rows and columns of blocks, the source's block S reaches the target's block T by the weight of S - stride T, if it
is the same for all T: for a kernel along each axis apart, for single synapses all at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from itertools import count
from math import prod

import numpy as np
from numpy.typing import NDArray

from convert.network import Array, ConvolutionTranspose, Shape, SharedKernel, Sparse, Taps, Transform

from .layout import Layout

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class Along:
    """One axis of a map from blocks to blocks: ``taps``, shape (window, in a block, in a block of the target).

    The first window begins at block ``start`` of the source. ``taps`` is that of a kernel, -1 for none; None for single
    synapses, whose ``length`` is known alone.
    """

    start: int
    length: int
    stride: int
    taps: Taps | None = None


@dataclass(frozen=True)
class Plan:
    """A map of ``source`` to ``target`` whose weights are the same for all blocks along both ``axes``."""

    source: Layout
    target: Layout
    axes: tuple[Along, Along]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of the weights: (channels out, channels in, rows, columns)."""
        return (self.target.channels, self.source.channels, self.axes[0].length, self.axes[1].length)

    @property
    def bytes(self) -> int:
        return 4 * prod(self.shape)


@singledispatch
def planned(transform: Transform, source: Layout, target: Layout) -> Plan | None:
    """How ``transform`` maps ``source`` to ``target``; None if pixels do not share their weights."""
    raise TypeError(f"no plan for a {type(transform).__name__}")


@planned.register
def _(transform: SharedKernel, source: Layout, target: Layout) -> Plan | None:
    found = [planned_along(transform, source, target, axis) for axis in (0, 1)]
    rows, columns = found
    return None if rows is None or columns is None else Plan(source, target, (rows, columns))


def planned_along(transform: SharedKernel, source: Layout, target: Layout, axis: int) -> Along | None:
    """One axis of it."""
    stride = _stride(transform, source.blocks[axis], target.blocks[axis], axis)
    taps = transform.taps(axis, source.shape[axis], target.shape[axis])
    (sources, targets), own, others = (
        (source.grid[axis], target.grid[axis]),
        source.blocks[axis],
        target.blocks[axis],
    )
    if targets == 1:
        whole = taps.reshape(sources, own, others)
        return Along(0, sources, 1, whole)
    if stride is None:
        return None
    by_block = taps.reshape(sources, own, targets, others).transpose(0, 2, 1, 3)
    offset = np.arange(sources)[:, None] - stride * np.arange(targets)[None, :]
    windows: dict[int, Taps] = {}
    for here in np.unique(offset[(by_block >= 0).any(axis=(2, 3))]).tolist():
        alike = by_block[offset == here]
        if (alike != alike[0]).any():
            return None
        windows[here] = alike[0]
    if not windows:
        return Along(0, 1, stride, np.full((1, own, others), -1))
    first, last = min(windows), max(windows)
    none = np.full((own, others), -1)
    return Along(first, last - first + 1, stride, np.stack([windows.get(w, none) for w in range(first, last + 1)]))


def _stride(transform: SharedKernel, own: int, others: int, axis: int) -> int | None:
    """Blocks of the source from one window to the next; None if that is no whole number."""
    step = transform.strides[axis]
    top, bottom = (others, own * step) if isinstance(transform, ConvolutionTranspose) else (step * others, own)
    return top // bottom if top % bottom == 0 else None


@planned.register
def _(transform: Sparse, source: Layout, target: Layout) -> Plan | None:
    if target.is_vector:
        rows, columns = source.grid
        return Plan(source, target, (Along(0, rows, 1), Along(0, columns, 1)))
    synapses = _Synapses.of(transform, source, target)
    if not len(synapses.weights):
        return Plan(source, target, (Along(0, 1, 1), Along(0, 1, 1)))
    strides = [
        sorted({max(1, s // t), max(1, -(-s // t))}) if t > 1 else [1]
        for s, t in zip(source.grid, target.grid, strict=True)
    ]
    for down in strides[0]:
        for right in strides[1]:
            if (axes := synapses.shared((down, right))) is not None:
                return Plan(source, target, axes)
    return None


@dataclass(frozen=True)
class _Synapses:
    """Single synapses by where their ends lie: channel, row and column of blocks."""

    source: Layout
    target: Layout
    ends: tuple[tuple[Int64, Int64, Int64], tuple[Int64, Int64, Int64]]
    weights: Array

    @classmethod
    def of(cls, transform: Sparse, source: Layout, target: Layout) -> _Synapses:
        entries = transform.matrix.tocoo()
        kept = entries.data != 0
        row, column = (np.asarray(n, np.int64)[kept] for n in (entries.row, entries.col))
        return cls(
            source,
            target,
            (source.positions(column), target.positions(row)),
            np.asarray(entries.data[kept], np.float64),
        )

    def shared(self, strides: tuple[int, int]) -> tuple[Along, Along] | None:
        """The axes if every window with ``strides`` has the same weights; None if not."""
        (in_channel, *of_source), (out_channel, *of_target) = self.ends
        offsets = [s - stride * t for s, t, stride in zip(of_source, of_target, strides, strict=True)]
        starts = [int(o.min()) for o in offsets]
        lengths = [int(o.max()) - start + 1 for o, start in zip(offsets, starts, strict=True)]
        sizes = (lengths[0], lengths[1], self.source.channels, self.target.channels)
        own = (offsets[0] - starts[0], offsets[1] - starts[1], in_channel, out_channel)
        keys, first, of_key, count = np.unique(
            np.ravel_multi_index(own, sizes), return_index=True, return_inverse=True, return_counts=True
        )
        if (self.weights != self.weights[first][of_key]).any():
            return None
        met = [self._met(axis, starts[axis] + np.unravel_index(keys, sizes)[axis], strides[axis]) for axis in (0, 1)]
        if (count != met[0] * met[1]).any():
            return None
        down, right = (Along(starts[axis], lengths[axis], strides[axis]) for axis in (0, 1))
        return down, right

    def _met(self, axis: int, offset: Int64, stride: int) -> Int64:
        """How many windows find a source at ``offset``, along one axis."""
        windows = stride * np.arange(self.target.grid[axis])
        at = offset[:, None] + windows[None, :]
        return np.asarray(((at >= 0) & (at < self.source.grid[axis])).sum(axis=1))


@singledispatch
def weights_of(transform: Transform, plan: Plan) -> Float32:
    """The weights that ``plan`` speaks of, shape ``plan.shape``."""
    raise TypeError(f"no weights of a {type(transform).__name__}")


@weights_of.register
def _(transform: SharedKernel, plan: Plan) -> Float32:
    at, there = _kernel_places(plan)
    found = np.zeros(plan.shape, np.float32)
    found[there] = transform.kernel.astype(np.float32)[at]
    return found


@weights_of.register
def _(transform: Sparse, plan: Plan) -> Float32:
    found = np.zeros(plan.shape, np.float32)
    entries = transform.matrix.tocoo()
    found[_synapse_places(plan, np.asarray(entries.row, np.int64), np.asarray(entries.col, np.int64))] = entries.data
    return found


Places = tuple[Int64, ...]
"""One array of numbers for each axis."""


def _kernel_places(plan: Plan) -> tuple[Places, Places]:
    """Where the kernel of a transform has the numbers that the weights have, and where these have them."""
    ends = []
    for along in plan.axes:
        assert along.taps is not None
        window, own, others = np.nonzero(along.taps >= 0)
        ends.append((along.taps[window, own, others], window, own, others))
    (tap_y, y, own_y, other_y), (tap_x, x, own_x, other_x) = ends
    channels_in, channels_out = plan.source.shape[2], plan.target.shape[2]
    b, a = np.meshgrid(np.arange(len(tap_x)), np.arange(len(tap_y)))
    a, b = a.ravel()[:, None, None], b.ravel()[:, None, None]
    i, o = np.arange(channels_in)[None, :, None], np.arange(channels_out)[None, None, :]
    (high, wide), (tall, broad) = plan.source.blocks, plan.target.blocks
    from_channel = (i * high + own_y[a]) * wide + own_x[b]
    to_channel = (o * tall + other_y[a]) * broad + other_x[b]
    return (tap_y[a], tap_x[b], i, o), (to_channel, from_channel, y[a], x[b])


def _synapse_places(plan: Plan, row: Int64, column: Int64) -> Places:
    """Where the weights have those of synapses from neuron ``column`` to neuron ``row``."""
    to_channel, *to = plan.target.positions(row)
    from_channel, *source = plan.source.positions(column)
    y, x = (s - along.stride * t - along.start for s, t, along in zip(source, to, plan.axes, strict=True))
    return to_channel, from_channel, y, x


def kernel_from(weights: Float32, plan: Plan, shape: tuple[int, ...]) -> Float32:
    """The kernel of ``shape`` whose ``weights_of`` these are; taps that reach nothing are 0."""
    found = np.zeros(shape, np.float32)
    at, there = _kernel_places(plan)
    found[at] = weights[there]
    return found


def synapses_from(weights: Float32, plan: Plan, row: Int64, column: Int64) -> Float32:
    """The weights of synapses from neuron ``column`` to neuron ``row``."""
    return np.asarray(weights[_synapse_places(plan, row, column)])


@dataclass(frozen=True)
class Torch:
    """How torch's convolution does what an ``Along`` says: ``front`` and ``back`` zeros of the kernel, ``padding`` of
    the source at both ends."""

    front: int
    back: int
    padding: int


def in_torch(along: Along, sources: int, targets: int) -> Torch:
    """The least zeros with which padding is the same at both ends, and windows are as many."""
    for padding in count(max(0, -along.start)):
        front = along.start + padding
        longest = sources + 2 * padding - along.stride * (targets - 1)
        back = max(0, longest - along.stride + 1 - front - along.length)
        if front + along.length + back <= longest:
            return Torch(front, back, padding)
    raise AssertionError("a wider padding always fits")


def diagonal_of(transform: Transform, source: Shape, target: Shape) -> Array | None:
    """The weights of ``transform``, of the target's shape, if every neuron reaches the one of its own place only."""
    if not isinstance(transform, Sparse) or source != target:
        return None
    entries = transform.matrix.tocoo()
    if (entries.row != entries.col).any():
        return None
    return np.asarray(transform.matrix.diagonal(), np.float64).reshape(target)
