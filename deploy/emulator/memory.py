"""Memory for events that is used again: the system would fill new memory with zeros first, which takes its time."""

from __future__ import annotations

from sys import getrefcount
from threading import Lock

import numpy as np

from deploy.arrays import Int32

MOST = 16
"""Arrays that are kept."""

_kept: list[Int32] = [np.empty(0, np.int32)]
IDLE = getrefcount(_kept[0])
"""References to an array that nobody uses, asked for in this way: that of the list, and that of the question."""

_lock = Lock()


def room(size: int) -> Int32:
    """An array of ``size`` at least, with anything in it; its own until neither it nor a part of it is referred to."""
    with _lock:
        for n in range(len(_kept)):
            if getrefcount(_kept[n]) == IDLE and len(_kept[n]) >= size:
                return _kept[n]
        found = np.empty(size, np.int32)
        for n in range(len(_kept)):
            if getrefcount(_kept[n]) == IDLE:
                _kept[n] = found
                return found
        if len(_kept) < MOST:
            _kept.append(found)
        return found
