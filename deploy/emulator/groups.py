"""Neurons of which a spike is counted alike, found by row and by place in the row."""

from __future__ import annotations

from math import prod

import numpy as np

from convert.network import Shape
from deploy.arrays import Int32, Int64
from deploy.events.fan_out import Fanout

from .arguments import Groups


def groups_of(shape: Shape, fanout: Fanout) -> Groups:
    """The neurons of a population in groups of those whose spikes do the same."""
    found, neurons = fanout.deliveries, prod(shape)
    line = np.arange(neurons) // (neurons // found.lines)
    cores = int(found.own.max(initial=0)) + 2
    alike = found.alike[line] * cores + found.own + 1
    each, first, group = np.unique(alike, return_index=True, return_inverse=True)
    starts = np.flatnonzero(np.append(True, np.diff(each // cores)))
    counted = first // (neurons // len(fanout.lines))
    places = _places(group.reshape(shape[0], -1))
    return Groups(*places, line[first], found.own[first], counted, np.append(starts, len(each)))


def _places(group: Int64) -> tuple[Int64, Int32, Int32]:
    """The first three of ``Groups``: by classes of rows and of columns where these are few, else neuron by neuron."""
    rows, length = group.shape
    some_rows, row_class = np.unique(group, axis=0, return_inverse=True)
    cells, column_class = np.unique(some_rows.T, axis=0, return_inverse=True)
    if cells.size > group.size // 2:
        start = np.arange(rows) * length
        return (
            np.stack([start, 0 * start], axis=1),
            group.ravel().astype(np.int32),
            np.arange(group.max() + 1, dtype=np.int32),
        )
    start = row_class.ravel() * len(cells)
    return np.stack([0 * start, start], axis=1), column_class.ravel().astype(np.int32), cells.T.ravel().astype(np.int32)
