"""Kernels packed so that what a spike, or a gradient, adds lies side by side: columns x channels that it reaches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convert.network import Taps
from convert.training.wave.kernels import Columns, Float32, Kernel, Packed, Spread
from convert.training.wave.vectors import LANES

VECTOR = 64
"""Bytes of the widest vectors."""


def kernel_between(of_rows: Taps, of_columns: Taps, shape: tuple[int, ...]) -> Kernel:
    """A kernel of ``shape`` without weights, from the taps of rows and of columns, (source, target positions)."""
    rows = shape[0]
    forward = Packed(_none(), targets(of_rows, rows), columns_of(of_columns))
    backward = Spread(_none(), targets(of_rows.T, rows), runs_of(of_columns.T))
    return Kernel(np.zeros(shape, np.float32), forward, backward)


def with_weights(kernel: Kernel, weights: Float32, threshold: float) -> Kernel:
    """``kernel`` with these ``weights``, those for gradients in thresholds."""
    return Kernel(
        weights,
        kernel.forward._replace(weights=packed(weights, kernel.forward.columns)),
        kernel.backward._replace(weights=spread(weights / np.float32(threshold))),
    )


def packed(weights: Float32, columns: Columns) -> Float32:
    """(rows, columns, channels here, channels there) as ``Packed`` has them."""
    taps = columns.taps
    chosen = np.where(taps[None, :, :, None, None] >= 0, weights[:, taps], np.float32(0))
    rows, variants, width, here, there = chosen.shape
    found = aligned((variants, rows, here, width, there))
    found[...] = chosen.transpose(1, 0, 3, 2, 4)
    return found.reshape(variants, rows, here, width * there)


def spread(weights: Float32) -> Float32:
    """(rows, columns, channels there, channels here) as ``Spread`` has them."""
    here = weights.shape[3]
    length = weights.size // here
    found = aligned((here, -(-length // LANES) * LANES))
    found[:, :length] = weights.reshape(length, here).T
    found[:, length:] = 0
    return found


def runs_of(taps: Taps) -> NDArray[np.int64]:
    """The runs of ``Spread``, from the taps (positions here, positions there)."""
    found: list[list[tuple[int, int, int]]] = []
    for reached in taps:
        runs: list[tuple[int, int, int]] = []
        for column in map(int, np.flatnonzero(reached >= 0)):
            tap = int(reached[column])
            if runs and runs[-1][0] + runs[-1][2] == column and runs[-1][1] + runs[-1][2] == tap:
                runs[-1] = (*runs[-1][:2], runs[-1][2] + 1)
            else:
                runs.append((column, tap, 1))
        found.append(runs)
    table = np.zeros((len(found), max(1, *map(len, found)), 3), np.int64)
    for c, runs in enumerate(found):
        table[c, : len(runs)] = np.reshape(runs, (-1, 3))
    return table


def unpacked(of_packed: Float32, columns: Columns, shape: tuple[int, ...]) -> Float32:
    """The gradient of a kernel of ``shape`` from that of its packed weights."""
    variants, rows, here, _ = of_packed.shape
    parts = of_packed.reshape(variants, rows, here, columns.taps.shape[1], -1).transpose(0, 3, 1, 2, 4)
    found = np.zeros((shape[1], shape[0], *shape[2:]), np.float32)
    for variant, k in zip(*np.nonzero(columns.taps >= 0), strict=True):
        found[columns.taps[variant, k]] += parts[variant, k]
    return np.ascontiguousarray(found.swapaxes(0, 1))


def columns_of(taps: Taps) -> Columns:
    """What each position of the first axis of ``taps`` reaches along the second: always positions side by side."""
    reached = taps >= 0
    number, first = reached.sum(axis=1), reached.argmax(axis=1)
    width = max(1, int(number.max()))
    place = np.minimum(first[:, None] + np.arange(width), taps.shape[1] - 1)
    consecutive = np.where(np.arange(width) < number[:, None], np.take_along_axis(taps, place, axis=1), -1)
    variants, variant = np.unique(consecutive, axis=0, return_inverse=True)
    return Columns(first, number, variant.ravel(), variants)


def targets(taps: Taps, size: int) -> NDArray[np.int64]:
    """Where each of ``size`` taps takes each source position, shape (size, source positions); -1 for nowhere."""
    found = np.full((size, len(taps)), -1)
    source, target = np.nonzero(taps >= 0)
    found[taps[source, target], source] = target
    return found


def aligned(shape: tuple[int, ...]) -> Float32:
    """An array that starts where a vector of the processor does: others take twice as long to load and store."""
    size = int(np.prod(shape))
    room = np.empty(size + VECTOR // 4, np.float32)
    start = -room.ctypes.data % VECTOR // 4
    return room[start : start + size].reshape(shape)


def _none() -> Float32:
    return np.zeros((0, 0, 0, 0), np.float32)
