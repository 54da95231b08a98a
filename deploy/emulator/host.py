"""The neurons of the host, which turn drives into spikes: nengo's own, in float64."""

from __future__ import annotations

import numpy as np

from deploy.arrays import Float64, UInt8, UInt64

from .arguments import EventLists, HostNeurons, Room
from .kernels import AHEAD, WORD, carry_over, emit
from .numba_jit import compiled

BYTES = 8
"""Neurons in one word of spike bytes."""

EACH_ITS_BIT = np.uint64(0x0102040810204080)
"""A word of bytes that are 0 or 1, times this, has byte n in bit 56 + n."""


@compiled
def run_host(first: int, last: int, steps: int, neurons: HostNeurons, carried: EventLists, room: Room) -> int:
    """Host strips: v += max(drive, 0) * dt, n = floor(v), v -= n, one event where n > 0. Source: nengo/neurons.py.

    No drive before step ``start`` nor from ``stop`` on. Otherwise as ``run_strips``.
    """
    length = neurons.row_length
    end = 0
    words = np.zeros((length + WORD - 1) // WORD, np.uint64)
    fired = np.zeros(words.size * WORD, np.uint8)
    groups = fired.view(np.uint64)
    for s in range(first, last):
        low, high = int(neurons.strips[s, 0]), int(neurons.strips[s, 1])
        kept = neurons.voltage[low * length : high * length].copy()
        rise = np.maximum(neurons.drive_hz[low * length : high * length], 0.0) * neurons.dt_s
        end = carry_over(carried, s, s - first, room, end)
        if end < 0:
            return s
        for t in range(steps):
            if end + rise.size + AHEAD > room.events.size:
                return s
            for y in range(high - low):
                row = slice(y * length, (y + 1) * length)
                integrate(kept[row], rise[row], neurons.start <= t < neurons.stop, fired)
                gather_bits(groups, words)
                end = emit(words, y + low, neurons.shift, room.events, end)
            room.pointer[s - first, t + 2] = end
        neurons.voltage[low * length : high * length] = kept
    return last


@compiled
def integrate(voltage: Float64, rise: Float64, driven: bool, fired: UInt8) -> None:
    """One step of a row of neurons, in place: what is whole in the voltage fires."""
    for n in range(voltage.size):
        value = voltage[n] + (rise[n] if driven else 0.0)
        whole = np.floor(value)
        voltage[n] = value - whole
        fired[n] = whole > 0


@compiled
def gather_bits(groups: UInt64, words: UInt64) -> None:
    """The bytes of ``groups``, each 0 or 1, as the bits of ``words``, the first byte the lowest bit."""
    for w in range(words.size):
        word = np.uint64(0)
        for g in range(BYTES):
            bits = (groups[w * BYTES + g] * EACH_ITS_BIT) >> np.uint64(56)
            word |= bits << np.uint64(BYTES * g)
        words[w] = word
