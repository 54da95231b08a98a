"""All compartments of any network, step by step: nengo_loihi's ``EmulatorInterface`` without learning or noise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from convert.network.neuron import DECAY_ONE
from deploy.arrays import Bool, Int32, Int64

from .numba_jit import compiled
from .overflow import decayed, wrapped
from .widths import Q_BITS, U_BITS


class Fan(NamedTuple):
    """What each source reaches: see ``FlatModel``."""

    pointer: Int64
    row: Int64
    base: Int64
    row_pointer: Int64
    targets: Int32
    weights: Int32


class Compartments(NamedTuple):
    """The parameters of each compartment, shape (N,)."""

    vth: Int32
    vmin: Int32
    vmax: Int32
    bias: Int32
    decay_u: Int32
    decay_v: Int32
    refractory: Int32


class Moving(NamedTuple):
    """What changes from step to step: shape (N,), and the sources (M,) that fired, compartments first."""

    current: Int32
    voltage: Int32
    waiting: Int32
    fired: Bool


class Seen(NamedTuple):
    """What is written: shape (steps, N), ``voltages`` with no row if they are not wanted; ``overflow`` in place."""

    spikes: Bool
    voltages: Int32
    overflow: Int64


@compiled
def run_steps(steps: int, given: Bool, fan: Fan, compartments: Compartments, moving: Moving, seen: Seen) -> int:
    """Writes ``seen``, updates ``moving`` in place; returns the weights added.

    ``given``, shape (steps, inputs), is what the inputs fire in each step.
    """
    n = compartments.vth.size
    sums = np.zeros(n, np.int32)
    added = 0
    for t in range(steps):
        sums[:] = 0
        added += add_fired(sums, moving.fired, fan)
        for c in range(n):
            step_compartment(c, int(sums[c]), compartments, moving, seen.overflow)
            seen.spikes[t, c] = moving.fired[c]
            if seen.voltages.shape[0] > 0:
                seen.voltages[t, c] = moving.voltage[c]
        for c in range(given.shape[1]):
            moving.fired[n + c] = given[t, c]
    return added


@compiled
def add_fired(sums: Int32, fired: Bool, fan: Fan) -> int:
    """Adds the weights of every source that fired; returns how many."""
    added = 0
    for source in range(fired.size):
        if fired[source]:
            for line in range(fan.pointer[source], fan.pointer[source + 1]):
                base, row = fan.base[line], fan.row[line]
                first, last = int(fan.row_pointer[row]), int(fan.row_pointer[row + 1])
                added += last - first
                for w in range(first, last):
                    sums[base + fan.targets[w]] += fan.weights[w]
    return added


@compiled
def step_compartment(c: int, q: int, compartments: Compartments, moving: Moving, overflow: Int64) -> None:
    """One step of compartment ``c``, to which ``q`` was added."""
    held = wrapped(q, Q_BITS)
    overflow[0] += held != q
    u = decayed(int(moving.current[c]), DECAY_ONE - 1 - int(compartments.decay_u[c])) + held
    held = wrapped(u, U_BITS)
    overflow[1] += held != u
    moving.current[c] = held
    u2 = held + int(compartments.bias[c])
    held = wrapped(u2, U_BITS)
    overflow[2] += held != u2
    v = decayed(int(moving.voltage[c]), DECAY_ONE - int(compartments.decay_v[c])) + held
    overflow[3] += v > compartments.vmax[c]
    v = min(max(v, int(compartments.vmin[c])), int(compartments.vmax[c]))
    if moving.waiting[c] > 0:
        v = 0
    spike = v > compartments.vth[c]
    if spike:
        v = 0
        moving.waiting[c] = compartments.refractory[c]
    moving.waiting[c] = max(int(moving.waiting[c]) - 1, 0)
    moving.voltage[c] = v
    moving.fired[c] = spike
