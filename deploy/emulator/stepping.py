"""All compartments of any network, step by step: nengo_loihi's ``EmulatorInterface`` without learning or noise."""

from __future__ import annotations

from typing import NamedTuple

from deploy.arrays import Bool, Int32, Int64

from .arguments import EventLists
from .numba_jit import compiled
from .overflow import decayed, wrapped
from .widths import DECAY_ONE, Q_BITS, U_BITS


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
    """What changes from step to step, shape (N,); ``fired`` is who fired in the last step."""

    current: Int32
    voltage: Int32
    waiting: Int32
    fired: Bool


class Watched(NamedTuple):
    """What is written in every step: spikes, currents and voltages of these compartments, shape (steps, compartments).

    ``spike_count``, shape (N,), and ``overflow`` are counted on.
    """

    spiking: Int64
    spikes: Bool
    flowing: Int64
    currents: Int32
    charged: Int64
    voltages: Int32
    spike_count: Int32
    overflow: Int64


@compiled
def run_steps(
    steps: int,
    given: EventLists,
    fan: Fan,
    compartments: Compartments,
    moving: Moving,
    sums: Int32,
    watched: Watched,
) -> int:
    """Writes ``watched``, updates ``moving`` in place; returns the weights added.

    List t of ``given`` has the sources that are not compartments and arrive in step t, one as often as it fired.
    ``sums``, shape (N,), ends as what was added to each compartment in the last step.
    """
    added = 0
    for t in range(steps):
        sums[:] = 0
        added += add_arriving(sums, t, given, moving.fired, fan)
        for c in range(sums.size):
            step_compartment(c, int(sums[c]), compartments, moving, watched.overflow)
            if moving.fired[c]:
                watched.spike_count[c] += 1
        write_step(t, moving, watched)
    for c in range(sums.size):
        sums[c] = wrapped(int(sums[c]), Q_BITS)
    return added


@compiled
def add_arriving(sums: Int32, t: int, given: EventLists, fired: Bool, fan: Fan) -> int:
    """Adds the weights of every compartment that fired and of the events of list ``t``; returns how many."""
    added = 0
    for source in range(fired.size):
        if fired[source]:
            added += add_source(sums, source, fan)
    for e in range(given.pointer[t], given.pointer[t + 1]):
        added += add_source(sums, int(given.events[e]), fan)
    return added


@compiled
def add_source(sums: Int32, source: int, fan: Fan) -> int:
    """Adds the weights of one spike of ``source``; returns how many."""
    added = 0
    for line in range(fan.pointer[source], fan.pointer[source + 1]):
        base, row = fan.base[line], fan.row[line]
        first, last = int(fan.row_pointer[row]), int(fan.row_pointer[row + 1])
        added += last - first
        for w in range(first, last):
            sums[base + fan.targets[w]] += fan.weights[w]
    return added


@compiled
def write_step(t: int, moving: Moving, watched: Watched) -> None:
    """Writes row ``t`` of ``watched``."""
    for n in range(watched.spiking.size):
        watched.spikes[t, n] = moving.fired[watched.spiking[n]]
    for n in range(watched.flowing.size):
        watched.currents[t, n] = moving.current[watched.flowing[n]]
    for n in range(watched.charged.size):
        watched.voltages[t, n] = moving.voltage[watched.charged[n]]


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
