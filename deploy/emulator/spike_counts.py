"""The loops that count spikes once a layer has run."""

from __future__ import annotations

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
def count_events(
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

    Adds to ``sent`` (cores, steps) and ``received`` (receivers, steps) what they do in each step, packed as
    ``events/busiest.py`` says; nothing if these have no steps.
    """
    events, pointer, mask = fired.lists.events, fired.lists.pointer, (1 << fired.shift) - 1
    by_core, n = sent.shape[1] > 0, 0
    for t in range(stops[-1]):
        while t >= stops[n]:
            n += 1
        for s in range(fired.strips):
            list_number = s * (fired.steps + 2) + t + 1
            for e in range(pointer[list_number], pointer[list_number + 1]):
                event = int(events[e])
                group = groups.of_neuron[(event >> fired.shift) * row_length + (event & mask)]
                until[n, group] += 1
                if by_core:
                    line, own = groups.line[group], groups.own[group]
                    if own >= 0:
                        sent[own, t] += routes.sending[line]
                    for k in range(routes.copy_pointer[line], routes.copy_pointer[line + 1]):
                        sent[routes.copy_core[k], t] += routes.copy_sending[k]
                    for k in range(routes.pointer[line], routes.pointer[line + 1]):
                        received[routes.core[k], t] += routes.receiving[k]


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
    room: Int32,
) -> None:
    """The same for groups that fire often: first how often in each step, in the ``room`` (groups, steps at a time),
    then what that does in all of these steps at once."""
    events, pointer, mask = fired.lists.events, fired.lists.pointer, (1 << fired.shift) - 1
    for first in range(0, stops[-1], room.shape[1]):
        last = min(first + room.shape[1], stops[-1])
        room[:] = 0
        for t in range(first, last):
            for s in range(fired.strips):
                list_number = s * (fired.steps + 2) + t + 1
                for e in range(pointer[list_number], pointer[list_number + 1]):
                    event = int(events[e])
                    group = groups.of_neuron[(event >> fired.shift) * row_length + (event & mask)]
                    room[group, t - first] += 1
        for group in range(len(room)):
            counts, line, own = room[group, : last - first], groups.line[group], groups.own[group]
            add_between(counts, first, stops, until[:, group])
            if own >= 0:
                add_times(counts, routes.sending[line], sent[own, first:last])
            for k in range(routes.copy_pointer[line], routes.copy_pointer[line + 1]):
                add_times(counts, routes.copy_sending[k], sent[routes.copy_core[k], first:last])
            for k in range(routes.pointer[line], routes.pointer[line + 1]):
                add_times(counts, routes.receiving[k], received[routes.core[k], first:last])


@inlined
def add_between(counts: Int32, first: int, stops: Int64, until: Int32) -> None:
    """Adds ``counts``, of step ``first`` and those after it, to those ``until`` the next of ``stops``."""
    start = 0
    for n in range(stops.size):
        stop = min(counts.size, stops[n] - first)
        total = 0
        for t in range(start, stop):
            total += counts[t]
        until[n] += total
        start = max(start, stop)


@inlined
def add_times(counts: Int32, each: int, total: Int64) -> None:
    """Adds ``counts`` times what ``each`` does to the ``total`` of each step."""
    for t in range(counts.size):
        total[t] += counts[t] * each
