"""Neurons of which a spike is counted alike."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from convert.network import Shape
from deploy.arrays import Int32, Int64, UInt16
from deploy.events.fan_out import Fanout


@dataclass(frozen=True)
class Groups:
    """The groups of a population; ``of_event``, ``shift``, ``own``, ``run``, ``runs`` and ``most`` as in ``Tables``.

    ``line`` is the line of each group in ``Deliveries``, ``counted`` that of each run in ``Fanout.lines``; ``cores``
    compute it.
    """

    of_event: UInt16 | Int32
    shift: int
    own: Int64
    run: Int64
    runs: Int64
    most: int
    line: Int64
    counted: Int64
    cores: Int64

    @classmethod
    def of(cls, shape: Shape, row_shift: int, fanout: Fanout) -> Groups:
        """An event's row begins at ``row_shift``."""
        found, neurons = fanout.deliveries, prod(shape)
        line, counted = (np.repeat(np.arange(n), neurons // n) for n in (found.lines, len(fanout.lines)))
        _, alike = np.unique(found.alike, return_inverse=True)
        cores, own = np.unique(found.own, return_inverse=True)
        leaving = fanout.interchip.astype(np.int64)[counted]
        run = alike.ravel()[line] * (leaving.max() + 1) + leaving
        each, first, group = np.unique(run * len(cores) + own.ravel(), return_index=True, return_inverse=True)
        begins = np.append(True, np.diff(each // len(cores)) != 0)
        runs = np.append(np.flatnonzero(begins), len(each))
        most = int(np.add.reduceat(np.bincount(group.ravel()), runs[:-1]).max())
        of_event, shift = _of_event(group.reshape(shape[0], -1), row_shift)
        of_runs = counted[first[runs[:-1]]]
        own = own.ravel()[first]
        return cls(
            of_event,
            shift,
            own,
            np.cumsum(begins) - 1,
            runs,
            most,
            line[first],
            of_runs,
            cores[cores >= 0].astype(np.int64),
        )


def _of_event(group: Int64, row_shift: int) -> tuple[UInt16 | Int32, int]:
    """The group of each event, in a table as short as it gets: neighbours that are always in one group share a place,
    which is the event without the last bits."""
    table = np.pad(group, ((0, 0), (0, (1 << row_shift) - group.shape[1])), mode="edge").ravel()
    shift = 0
    while shift < row_shift and np.array_equal(table[::2], table[1::2]):
        table, shift = table[::2], shift + 1
    return table.astype(np.uint16) if table.max() < 1 << 16 else table.astype(np.int32), shift
