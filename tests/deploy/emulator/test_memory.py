"""Memory that is used again is nobody else's."""

from __future__ import annotations

import numpy as np

from deploy.emulator import memory


def test_memory_is_not_given_twice_while_a_part_of_it_is_used() -> None:
    first = memory.room(1000)
    part = first[10:20]
    address = first.ctypes.data
    del first
    others = [memory.room(1000) for _ in range(memory.MOST + 2)]
    assert address not in {other.ctypes.data for other in others}
    assert len({other.ctypes.data for other in others}) == len(others)
    part[:] = 1
    for other in others:
        other[:] = 2
    np.testing.assert_array_equal(part, 1)


def test_memory_that_nobody_uses_is_given_again() -> None:
    address = memory.room(100_000).ctypes.data
    assert memory.room(100_000).ctypes.data == address
