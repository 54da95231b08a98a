"""All compartments of any network, step by step: nengo_loihi's ``EmulatorInterface`` without learning or noise."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from convert.network.neuron import DECAY_ONE
from deploy.arrays import Bool, Int32, Int64

from .arguments import EventLists
from .numba_jit import compiled, inlined
from .overflow import decayed, wrapped
from .widths import Q_BITS, U_BITS

State = TypeVar("State", Bool, Int32)


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
        step_compartments(sums, compartments, moving, watched.spike_count, watched.overflow)
        copy_chosen(watched.spikes, t, moving.fired, watched.spiking)
        copy_chosen(watched.currents, t, moving.current, watched.flowing)
        copy_chosen(watched.voltages, t, moving.voltage, watched.charged)
    for c in range(sums.size):
        sums[c] = wrapped(int(sums[c]), Q_BITS)
    return added


@compiled
def add_arriving(sums: Int32, t: int, given: EventLists, fired: Bool, fan: Fan) -> int:
    """Adds the weights of every compartment that fired and of the events of list ``t``; returns how many.

    Arrays are taken out of their groups before the loops: each time costs more than an addition.
    """
    events, ends = given
    pointer, rows, bases, row_pointer, targets, weights = fan
    added = 0
    for source in range(fired.size):
        if fired[source]:
            added += add_source(sums, source, pointer, rows, bases, row_pointer, targets, weights)
    for e in range(ends[t], ends[t + 1]):
        added += add_source(sums, int(events[e]), pointer, rows, bases, row_pointer, targets, weights)
    return added


@inlined
def add_source(
    sums: Int32,
    source: int,
    pointer: Int64,
    rows: Int64,
    bases: Int64,
    row_pointer: Int64,
    targets: Int32,
    weights: Int32,
) -> int:
    """Adds the weights of one spike of ``source``; returns how many. The arrays are those of ``Fan``."""
    added = 0
    for line in range(pointer[source], pointer[source + 1]):
        base, row = bases[line], rows[line]
        first, last = row_pointer[row], row_pointer[row + 1]
        added += last - first
        for w in range(first, last):
            sums[base + targets[w]] += weights[w]
    return int(added)


@compiled
def step_compartments(
    sums: Int32, compartments: Compartments, moving: Moving, spike_count: Int32, overflow: Int64
) -> None:
    """One step of every compartment, to each of which its ``sums`` are added.

    Arrays are taken out of their groups before the loop, as in ``add_arriving``.
    """
    vth, vmin, vmax, bias, decay_u, decay_v, refractory = compartments
    current, voltage, waiting, fired = moving
    for c in range(sums.size):
        q = int(sums[c])
        held = wrapped(q, Q_BITS)
        overflow[0] += held != q
        u = decayed(int(current[c]), DECAY_ONE - 1 - int(decay_u[c])) + held
        held = wrapped(u, U_BITS)
        overflow[1] += held != u
        current[c] = held
        u2 = held + int(bias[c])
        held = wrapped(u2, U_BITS)
        overflow[2] += held != u2
        v = decayed(int(voltage[c]), DECAY_ONE - int(decay_v[c])) + held
        overflow[3] += v > vmax[c]
        v = min(max(v, int(vmin[c])), int(vmax[c]))
        if waiting[c] > 0:
            v = 0
        spike = v > vth[c]
        if spike:
            v = 0
            waiting[c] = refractory[c]
            spike_count[c] += 1
        waiting[c] = max(int(waiting[c]) - 1, 0)
        voltage[c] = v
        fired[c] = spike


@compiled
def copy_chosen(written: State, t: int, state: State, chosen: Int64) -> None:
    """Row ``t`` of ``written`` is ``state`` where ``chosen`` says."""
    for n in range(chosen.size):
        written[t, n] = state[chosen[n]]
