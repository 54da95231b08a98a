"""The loops that count spikes once a layer has run."""

from __future__ import annotations

import numpy as np

from deploy.arrays import Int32, Int64

from .arguments import Fired, Groups, Routes
from .numba_jit import compiled, inlined


@compiled
def count_spikes(fired: Fired, row_length: int, counts: Int32, first: int, last: int) -> None:
    """Adds to ``counts``, flat over the neurons, the events of steps ``first`` to ``last`` (from 0, end excluded)."""
    events, pointer = fired.lists.events, fired.lists.pointer
    mask = (1 << fired.shift) - 1
    for s in range(fired.strips):
        start = s * (fired.steps + 2)
        for e in range(pointer[start + first + 1], pointer[start + last + 1]):
            event = int(events[e])
            counts[(event >> fired.shift) * row_length + (event & mask)] += 1


@compiled
def count_groups(
    fired: Fired,
    row_length: int,
    groups: Groups,
    routes: Routes,
    stops: Int64,
    until: Int32,
    sent: Int64,
    received: Int64,
) -> None:
    """Adds to ``until[n]`` the events of each group from step ``stops[n - 1]`` (0 at first) to ``stops[n]``, excluded.

    Adds to ``sent`` and ``received``, both of shape (steps, cores), what they do to the cores in each step, packed as
    ``events/busiest.py`` says; nothing if these have no steps. A step with more events than groups is counted by group.
    """
    events, pointer, mask = fired.lists.events, fired.lists.pointer, (1 << fired.shift) - 1
    number, by_core = groups.line.size, sent.shape[0] > 0
    out, into = np.zeros(0, np.int64), np.zeros(0, np.int64)
    of_step = np.zeros(number, np.int64)
    n = 0
    for t in range(stops[-1]):
        while t >= stops[n]:
            n += 1
        if by_core:
            out, into = sent[t], received[t]
        together = events_of(pointer, fired, t) >= number
        for s in range(fired.strips):
            list_number = s * (fired.steps + 2) + t + 1
            for e in range(pointer[list_number], pointer[list_number + 1]):
                event = int(events[e])
                group = groups.of_neuron[(event >> fired.shift) * row_length + (event & mask)]
                if together:
                    of_step[group] += 1
                else:
                    until[n, group] += 1
                    if by_core:
                        deliver(1, groups.line[group], groups.own[group], routes, out, into)
        if together:
            for group in range(number):
                times = of_step[group]
                if times:
                    until[n, group] += times
                    of_step[group] = 0
                    if by_core:
                        deliver(times, groups.line[group], groups.own[group], routes, out, into)


@inlined
def events_of(pointer: Int64, fired: Fired, t: int) -> int:
    """The events of step ``t``."""
    total = 0
    for s in range(fired.strips):
        list_number = s * (fired.steps + 2) + t + 1
        total += pointer[list_number + 1] - pointer[list_number]
    return total


@inlined
def deliver(times: int, line: int, own: int, routes: Routes, out: Int64, into: Int64) -> None:
    """What so many spikes of a line do: ``out`` to the core that sends, ``into`` to those that receive."""
    if own >= 0:
        out[own] += times * routes.sending[line]
    for n in range(routes.copy_pointer[line], routes.copy_pointer[line + 1]):
        out[routes.copy_core[n]] += times * routes.copy_sending[n]
    for n in range(routes.pointer[line], routes.pointer[line + 1]):
        into[routes.core[n]] += times * routes.receiving[n]
