"""Lists that are the same, among very many."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deploy.arrays import Bool, Int64, UInt64

ODD = np.uint64(0x9E3779B97F4A7C15)
"""2 ** 64 / the golden ratio: what it multiplies spreads over all bits."""


def first_alike(pointer: Int64, *columns: NDArray[np.integer]) -> Int64:
    """For each list the number of one that has the same entries in the same order, the same for all of these.

    List i has the entries ``pointer[i]`` to ``pointer[i + 1]`` of all ``columns``. Found by a checksum of 64 bits and
    then compared, so never wrong; if two lists had one checksum by chance, each would be alike with itself only.
    """
    lengths = np.diff(pointer)
    line = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(line)) - pointer[line]
    mixed = _spread(place.astype(np.uint64) + np.uint64(1))
    for column in columns:
        mixed = _spread(mixed ^ column.astype(np.uint64))
    total = np.append(np.uint64(0), np.cumsum(mixed, dtype=np.uint64))
    checksum = _spread(total[pointer[1:]] - total[pointer[:-1]] + lengths.astype(np.uint64))
    _, first, which = np.unique(checksum, return_index=True, return_inverse=True)
    found = first[which.ravel()]
    return found if _same(found, pointer, lengths, line, place, columns) else np.arange(len(lengths))


def _spread(values: UInt64) -> UInt64:
    mixed = values * ODD
    return mixed ^ (mixed >> np.uint64(29))


def _same(
    found: Int64, pointer: Int64, lengths: Int64, line: Int64, place: Int64, columns: tuple[NDArray[np.integer], ...]
) -> bool:
    if not np.array_equal(lengths[found], lengths):
        return False
    other = pointer[found[line]] + place
    same: list[Bool] = [column[other] == column for column in columns]
    return all(bool(each.all()) for each in same)
