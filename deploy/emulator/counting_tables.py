"""``Tables`` as one array, since each array that a compiled loop is given takes its time."""

from __future__ import annotations

import numpy as np

from deploy.arrays import Int32

from .arguments import Tables
from .numba_jit import compiled

NUMBERS = 2
"""The first fields of ``Tables``, which are no arrays."""


def flat(tables: Tables) -> Int32:
    """Its numbers, the bounds of its arrays, and these."""
    shift, most, *arrays = tables
    bounds = np.cumsum([len(tables) + 1, *(each.size for each in arrays)])
    return np.concatenate([[shift, most], bounds, *arrays]).astype(np.int32)


@compiled
def tables_of(flat: Int32) -> Tables:
    """The ``Tables`` that this is made of."""
    ends = flat[NUMBERS:]
    return Tables(
        flat[0],
        flat[1],
        flat[ends[0] : ends[1]],
        flat[ends[1] : ends[2]],
        flat[ends[2] : ends[3]],
        flat[ends[3] : ends[4]],
        flat[ends[4] : ends[5]],
        flat[ends[5] : ends[6]],
        flat[ends[6] : ends[7]],
        flat[ends[7] : ends[8]],
        flat[ends[8] : ends[9]],
        flat[ends[9] : ends[10]],
        flat[ends[10] : ends[11]],
        flat[ends[11] : ends[12]],
        flat[ends[12] : ends[13]],
        flat[ends[13] : ends[14]],
    )
