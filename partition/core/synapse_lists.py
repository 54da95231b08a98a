"""The synapse lists that the blocks of a tile need along each axis, cut at their borders or whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from convert.network import Sparse
from partition.geometry.blocks import Ints, starts
from partition.geometry.links import Link, Taps, reach
from partition.geometry.tile import Tile

from .packing import Packing


def packings(links: Iterable[Link], tile: Tile) -> list[Packing]:
    """The packings worth a try for ``tile``, the one with the fewest unused compartments first."""
    links = [link for link in links if link.rows is not None]
    rows, columns = (_overhang(links, axis, tile[axis]) for axis in (0, 1))
    cut = (0, 0)
    kinds = [(cut, cut), (cut, columns), (rows, cut), (rows, columns)]
    found = [Packing(first, *kind) for kind in dict.fromkeys(kinds) for first in (False, True)]
    return sorted(found, key=lambda packing: packing.compartments(tile))


def _overhang(links: Iterable[Link], axis: int, step: int) -> tuple[int, int]:
    """How far whole synapse lists reach (before, after) a tile, in positions, over all tiles of an axis."""
    found = [i for link in links for i in intervals(link, axis, step, whole=True)[0] if len(i.base)]
    before = max((-int(i.base.min()) for i in found), default=0)
    after = max((int((i.base + i.count).max()) - i.size for i in found), default=0)
    return max(before, 0), max(after, 0)


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


def intervals(link: Link, axis: int, step: int, *, whole: bool) -> tuple[list[Interval], Ints]:
    """The distinct intervals of an axis (0 rows, 1 columns), and which of them each tile is.

    ``whole`` lists are not cut at the border of the tile.
    """
    key = ("intervals", axis, step, whole)
    if key not in link.known:
        taps = (link.rows, link.columns)[axis]
        assert taps is not None
        link.known[key] = _intervals(taps, step, whole)
    found: tuple[list[Interval], Ints] = link.known[key]
    return found


def weights_of_spike(link: Link, tile: Tile, packing: Packing) -> Ints:
    """The weights that a spike of each source neuron adds, those to unused places too: the shape of the source, or with
    one channel where all are alike."""
    transform = link.projection.transform
    if isinstance(transform, Sparse):
        per_source = np.bincount(transform.matrix.indices, minlength=transform.matrix.shape[1])
        return np.asarray(per_source.reshape(link.source_shape))
    rows = _listed(link, 0, tile[0], whole=any(packing.rows))
    columns = _listed(link, 1, tile[1], whole=any(packing.columns))
    return np.asarray(np.outer(rows, columns)[:, :, None] * link.target_shape[2])


def _listed(link: Link, axis: int, step: int, *, whole: bool) -> Ints:
    """The length of the lists that each position uses along an axis, all tiles together."""
    taps = (link.rows, link.columns)[axis]
    assert taps is not None
    found, kind = intervals(link, axis, step, whole=whole)
    total = np.zeros(len(taps), np.int64)
    for reached, which in zip(reach(taps, step).T, kind.tolist(), strict=True):
        total[reached] += found[which].count
    return total


def _intervals(taps: Taps, step: int, whole: bool) -> tuple[list[Interval], Ints]:
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
