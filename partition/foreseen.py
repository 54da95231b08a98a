"""The memory and time of a partition, told from its network; set beside measured peaks.

See benchmarks/memory/foreseen.py.
"""

from __future__ import annotations

import os

from convert.memory.foreseen import Foreseen
from convert.network.extent import Extent

LIBRARIES = 222 * 2**20
"""Python, numpy, scipy and Numba, with what is compiled: measured."""

RESERVED = 400 * 2**20
"""Addresses that these take beyond their memory: measured on a machine of two cores."""

RESERVED_BY_A_CORE = 72 * 2**20


def partition_of(extent: Extent, seconds: float) -> Foreseen:
    """What a search for a partition takes that improves for ``seconds`` at most."""
    weights = extent.kernel_weights + extent.single_weights
    parts = {
        "for libraries": float(LIBRARIES),
        "for weights": 12.0 * extent.kernel_weights + 60.0 * extent.single_weights,
        "for blocks and messages": 60.0 * extent.all,
    }
    source = f"{extent.all:,} neurons, {weights:,} weights"
    addresses = RESERVED + (os.cpu_count() or 1) * RESERVED_BY_A_CORE
    return Foreseen(parts, min(2 + 70e-6 * extent.all, 15 + seconds), addresses, source)
