"""The synapse lists that the tiles of a target need along one axis, cut at their borders or whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convert.network import Taps

from .blocks import Ints, starts


@dataclass(frozen=True)
class Interval:
    """The source positions that reach one target tile along one axis, and the synapse list that each uses there.

    ``base`` is the place of the list's first target in the tile, negative before it; ``size`` the number of positions
    of the tile. ``kind`` tells the lists apart by first tap and number of targets; ``kind_first`` and ``kind_count``
    are these for each kind.
    """

    base: Ints
    size: int
    kind: Ints
    kind_first: Ints
    kind_count: Ints

    @property
    def first(self) -> Ints:
        """The kernel tap of each list's first target."""
        return self.kind_first[self.kind]

    @property
    def count(self) -> Ints:
        """The number of targets of each list."""
        return self.kind_count[self.kind]


Intervals = tuple[list[Interval], Ints]
"""The distinct intervals of an axis, and which of them each tile is."""


def intervals_of(taps: Taps, step: int, *, whole: bool) -> Intervals:
    """The intervals of tiles of ``step`` positions along an axis; ``whole`` lists are not cut at a tile's border."""
    known: dict[tuple[int, bytes], int] = {}
    found: list[Interval] = []
    kind = []
    for start in starts(taps.shape[1], step):
        inside = taps[:, start : start + step]
        inside = inside[(inside >= 0).any(axis=1)]
        key = (inside.shape[1], inside.tobytes())
        if key not in known:
            known[key] = len(found)
            found.append(_interval(inside, _change(taps) if whole else None))
        kind.append(known[key])
    return found, np.array(kind)


def _change(taps: Taps) -> int | None:
    """By how much the tap changes from one target to the next: -stride of a convolution, 1 of a transposed one.

    None if no position has two targets, so that no list can be cut.
    """
    pairs = (taps[:, 1:] >= 0) & (taps[:, :-1] >= 0)
    change = (taps[:, 1:] - taps[:, :-1])[pairs]
    return int(change[0]) if len(change) else None


def _interval(inside: Taps, change: int | None) -> Interval:
    """The interval of one tile; with ``change``, lists that differ by what the border cuts off are made one."""
    hit = inside >= 0
    base = hit.argmax(axis=1) if len(inside) else np.zeros(0, np.int64)
    first, count = inside[np.arange(len(inside)), base], hit.sum(axis=1)
    if change is not None:
        last = first + (count - 1) * change
        phase = first % abs(change)
        for each in np.unique(phase):
            own = phase == each
            outer = (first[own].max(), last[own].min()) if change < 0 else (first[own].min(), last[own].max())
            base[own] += (outer[0] - first[own]) // change
            first[own] = outer[0]
            count[own] = (outer[1] - outer[0]) // change + 1
    lists, kind = np.unique(np.stack([first, count]), axis=1, return_inverse=True)
    return Interval(base, inside.shape[1], kind.ravel(), lists[0], lists[1])
