"""The neurons of the host, which turn drives into spikes: nengo's own, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np

from .kernels import compiled

BYTES = 8
"""Neurons in one word of spike bytes."""


@compiled
def run_host(
    first: int,
    last: int,
    steps: int,
    strips: Any,
    shift: int,
    row_length: int,
    drive: Any,
    dt: float,
    start: int,
    carried: Any,
    carried_pointer: Any,
    voltage: Any,
    out: Any,
    out_pointer: Any,
) -> int:
    """Host strips: v += max(drive, 0) * dt, n = floor(v), v -= n, one event where n > 0. Source: nengo/neurons.py.

    ``drive`` in Hz (none before step ``start``) and ``voltage``, flat over the neurons without padding, float64.
    Otherwise as ``run_strips``.
    """
    end = 0
    fired = np.zeros((row_length + BYTES - 1) // BYTES * BYTES, np.uint8)
    groups = fired.view(np.uint64)
    for s in range(first, last):
        low, high = np.int64(strips[s, 0]), np.int64(strips[s, 1])
        kept = voltage[low * row_length : high * row_length].copy()
        step = np.maximum(drive[low * row_length : high * row_length], 0.0) * dt
        if end + carried_pointer[s + 1] - carried_pointer[s] > out.size:
            return s
        out_pointer[s - first, 0] = end
        for n in range(carried_pointer[s], carried_pointer[s + 1]):
            out[end] = carried[n]
            end += 1
        out_pointer[s - first, 1] = end
        for t in range(steps):
            if end + step.size > out.size:
                return s
            for y in range(high - low):
                row = y * row_length
                for n in range(row_length):
                    value = kept[row + n] + (step[row + n] if t >= start else 0.0)
                    whole = np.floor(value)
                    kept[row + n] = value - whole
                    fired[n] = whole > 0
                for g in range(groups.size):
                    if groups[g] != 0:
                        for n in range(g * BYTES, (g + 1) * BYTES):
                            if fired[n]:
                                out[end] = ((y + low) << shift) | n
                                end += 1
            out_pointer[s - first, t + 2] = end
        voltage[low * row_length : high * row_length] = kept
    return last
