"""A recording of an event sensor: when and where its pixels saw a change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.upstream.types import Values


@dataclass(frozen=True)
class Recording:
    """Events in any order, shape (events,) each: microseconds, column, row, and the polarity, 0 or 1."""

    t_us: NDArray[np.int64]
    x: NDArray[np.int64]
    y: NDArray[np.int64]
    p: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.t_us)


def recording_of(t_us: Values, x: Values, y: Values, p: Values) -> Recording:
    """A recording from whole numbers of any type; polarities may be -1 and 1."""
    t, column, row, sign = (np.asarray(values).astype(np.int64) for values in (t_us, x, y, p))
    return Recording(t, column, row, (sign > 0).astype(np.int64))
