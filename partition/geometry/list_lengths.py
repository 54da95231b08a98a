"""How many synapse lists of which length lead into each tile along an axis, from who is connected with whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convert.network.connections import Connected

from .blocks import Ints, starts


@dataclass(frozen=True)
class ListLengths:
    """The tiles along an axis by the lists that lead into them.

    ``kinds`` has for each kind of tile the lengths of its lists, none of them 0, and how many source positions have
    each; ``kind`` tells which one each tile is, and ``reached`` how many tiles each source position reaches.
    """

    kinds: tuple[tuple[Ints, Ints], ...]
    kind: Ints
    reached: Ints


def list_lengths(connected: Connected, step: int) -> ListLengths:
    """The lists into tiles of ``step`` positions; ``connected`` has shape (source positions, target positions)."""
    source, target = connected.shape
    first = starts(target, step)
    if connected.all():
        sizes, kind = np.unique(np.minimum(step, target - first), return_inverse=True)
        kinds = [(np.array([size]), np.array([source])) for size in sizes]
        return ListLengths(tuple(kinds), kind.ravel(), np.full(source, len(first)))
    lengths = np.add.reduceat(connected, first, axis=1, dtype=np.int64)
    distinct, kind = np.unique(np.sort(lengths, axis=0), axis=1, return_inverse=True)
    kinds = [np.unique(tile[tile > 0], return_counts=True) for tile in distinct.T]
    return ListLengths(tuple(kinds), kind.ravel(), np.count_nonzero(lengths, axis=1))
