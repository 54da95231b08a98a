"""What spikes bring to the next layer in each step, in floating point: a spike takes a step on its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from convert.network import Network, Population, Projection, Shape, SharedKernel, Taps, Transform
from convert.upstream.numba_cache import cached_njit

from .spike_trains import SpikeTrains

Spikes = NDArray[np.uint8]
"""1 for a spike, shape (steps, neurons)."""

Drive = NDArray[np.float32]
"""What one image brings to neurons in each step, in thresholds, shape (steps, neurons)."""

DriveOf = Callable[[int], Drive]
"""From an image's number to its drive."""


def arriving(network: Network, population: Population, trains: Mapping[str, SpikeTrains]) -> DriveOf:
    """What the spikes ``trains`` of its sources bring to ``population``, without its bias."""
    return arriving_over(network, network.into(population.name), population, trains)


def arriving_over(
    network: Network, projections: Sequence[Projection], population: Population, trains: Mapping[str, SpikeTrains]
) -> DriveOf:
    """What these ``projections`` bring to ``population``."""
    into = [
        (trains[p.source], delivery(p.transform, network.shape_of(p.source), population.shape)) for p in projections
    ]

    def image(k: int) -> Drive:
        drive = np.zeros((network.timesteps, population.neurons), dtype=np.float32)
        for source, deliver in into:
            deliver(source.of(k)[:-1], drive[1:])
        return drive

    return image


Delivery = Callable[[NDArray[np.uint8], Drive], None]
"""Adds what one image's spikes (steps, source neurons) bring to its drive (steps, target neurons)."""


@singledispatch
def delivery(transform: Transform, source: Shape, target: Shape) -> Delivery:
    """What ``transform`` does with spikes."""
    by_source = transform.as_matrix(source, target).astype(np.float32).tocsc()
    return lambda spikes, drive: _deliver_columns(spikes, by_source.indptr, by_source.indices, by_source.data, drive)


@delivery.register
def _(transform: SharedKernel, source: Shape, target: Shape) -> Delivery:
    kernel = transform.kernel.astype(np.float32)
    of_rows, of_columns = transform.axes(source, target)
    rows, columns = _targets(of_rows, kernel.shape[0]), _targets(of_columns, kernel.shape[1])
    return lambda spikes, drive: _deliver(
        spikes.reshape(-1, *source), kernel, rows, columns, drive.reshape(-1, *target)
    )


@cached_njit(nogil=True)
def _deliver_columns(
    spikes: Spikes, pointer: NDArray[np.int64], targets: NDArray[np.int64], weights: Drive, drive: Drive
) -> None:
    """Adds the weights of every spike's source: source n has them in pointer[n] to pointer[n + 1]."""
    for t in range(spikes.shape[0]):
        for n in range(spikes.shape[1]):
            if spikes[t, n]:
                for k in range(pointer[n], pointer[n + 1]):
                    drive[t, targets[k]] += weights[k]


def _targets(taps: Taps, size: int) -> NDArray[np.int64]:
    """Where each of ``size`` taps takes each source position, shape (size, source positions); -1 for nowhere."""
    found = np.full((size, len(taps)), -1)
    source, target = np.nonzero(taps >= 0)
    found[taps[source, target], source] = target
    return found


@cached_njit(nogil=True)
def _deliver(spikes: Spikes, kernel: Drive, to_row: Taps, to_column: Taps, drive: Drive) -> None:
    """Adds the kernel's weights around every spike: spikes and drive (steps, rows, columns, channels)."""
    steps, rows, columns, channels = spikes.shape
    for t in range(steps):
        for r in range(rows):
            for c in range(columns):
                for i in range(channels):
                    if spikes[t, r, c, i]:
                        for y in range(to_row.shape[0]):
                            for x in range(to_column.shape[0]):
                                row, column = to_row[y, r], to_column[x, c]
                                if row >= 0 and column >= 0:
                                    for o in range(kernel.shape[3]):
                                        drive[t, row, column, o] += kernel[y, x, i, o]
