"""The loops that count spikes once a layer has run."""

from __future__ import annotations

import numpy as np

from deploy.arrays import Float64, Int32, Int64
from deploy.events.busiest import MESSAGE_BITS, SPIKE_BITS, SYNOP_BITS

from .arguments import Fired, Groups, Routes
from .numba_jit import compiled, inlined

SPIKE_MASK, MESSAGE_MASK, SYNOP_MASK = ((1 << bits) - 1 for bits in (SPIKE_BITS, MESSAGE_BITS, SYNOP_BITS))
CONV_SHIFT = MESSAGE_BITS + SYNOP_BITS


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
    fired: Fired, groups: Groups, routes: Routes, stops: Int64, until: Int32, sent: Int64, received: Int64
) -> None:
    """Adds to ``until[n]`` the events of each group from step ``stops[n - 1]`` (0 at first) to ``stops[n]``, excluded.

    Adds to ``sent`` (cores, steps) and ``received`` (receivers, steps) what they do in each step, packed as
    ``events/busiest.py`` says; nothing if these have no steps.
    """
    events, pointer = fired.lists.events, fired.lists.pointer
    by_core, n = sent.shape[1] > 0, 0
    for t in range(stops[-1]):
        while t >= stops[n]:
            n += 1
        for s in range(fired.strips):
            list_number = s * (fired.steps + 2) + t + 1
            for e in range(pointer[list_number], pointer[list_number + 1]):
                group = int(groups.of_event[events[e]])
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
    together = np.zeros(room.shape[1], np.int64)
    for first in range(0, stops[-1], room.shape[1]):
        last = min(first + room.shape[1], stops[-1])
        count_each(fired, groups, first, last, room)
        for r in range(len(groups.runs) - 1):
            together[:] = 0
            for group in range(groups.runs[r], groups.runs[r + 1]):
                counts, own = room[group, : last - first], groups.own[group]
                if own < 0:
                    add_times(counts, 1, together)
                else:
                    add_both(counts, routes.sending[groups.line[group]], sent[own, first:last], together)
                if stops.size == 1:
                    until[0, group] += counts.sum()
                else:
                    add_between(counts, first, stops, until[:, group])
            of_run, line = together[: last - first], groups.line[groups.runs[r]]
            for k in range(routes.copy_pointer[line], routes.copy_pointer[line + 1]):
                add_times(of_run, routes.copy_sending[k], sent[routes.copy_core[k], first:last])
            for k in range(routes.pointer[line], routes.pointer[line + 1]):
                add_times(of_run, routes.receiving[k], received[routes.core[k], first:last])


@compiled
def count_each(fired: Fired, groups: Groups, first: int, last: int, room: Int32) -> None:
    """``room[group, t]`` is set to the events of each group in step ``first + t``, as far as ``last``, excluded.

    Numbers without sign are not taken to count from the end.
    """
    events, pointer, of_event = fired.lists.events, fired.lists.pointer, groups.of_event
    room[:] = 0
    for s in range(fired.strips):
        for t in range(first, last):
            list_number = s * (fired.steps + 2) + t + 1
            for e in range(pointer[list_number], pointer[list_number + 1]):
                room[np.uint64(of_event[np.uint64(events[e])]), np.uint64(t - first)] += 1


@compiled
def caused(counts: Int32, each: Int64) -> Int64:
    """``counts``, shape (stops, groups), times what a spike of ``each`` group causes, shape (groups, columns)."""
    total = np.zeros((counts.shape[0], each.shape[1]), np.int64)
    for n in range(counts.shape[0]):
        for group in range(counts.shape[1]):
            for column in range(each.shape[1]):
                total[n, column] += counts[n, group] * each[group, column]
    return total


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
def add_times(counts: Int32 | Int64, each: int, total: Int64) -> None:
    """Adds ``counts`` times what ``each`` does to the ``total`` of each step."""
    for t in range(counts.size):
        total[t] += counts[t] * each


@inlined
def add_both(counts: Int32, each: int, total: Int64, together: Int64) -> None:
    """``add_times``, and adds the ``counts`` themselves to ``together``."""
    for t in range(counts.size):
        count = np.int64(counts[t])
        total[t] += count * each
        together[t] += count


@compiled
def busiest_cores(updates: Int64, sent: Int64, received: Int64, nanoseconds: Float64) -> Int64:
    """As ``events/busiest.py``: the core that sends longest in each step and the receiver that takes longest."""
    steps = sent.shape[1]
    found, longest = np.zeros((2, steps), np.int64), np.full((2, steps), -np.inf)
    for core in range(len(sent)):
        own = 0.0 + updates[core] * nanoseconds[0]
        for t in range(steps):
            spikes, messages = sent[core, t] & SPIKE_MASK, sent[core, t] >> SPIKE_BITS
            ns = own + spikes * nanoseconds[1] + messages * nanoseconds[2]
            longer = ns > longest[0, t]
            longest[0, t] = ns if longer else longest[0, t]
            found[0, t] = core if longer else found[0, t]
    for core in range(len(received)):
        for t in range(steps):
            load = received[core, t]
            messages, synops, conv = load & MESSAGE_MASK, load >> MESSAGE_BITS & SYNOP_MASK, load >> CONV_SHIFT
            ns = 0.0 + messages * nanoseconds[3] + synops * nanoseconds[4] + conv * nanoseconds[5]
            longer = ns > longest[1, t]
            longest[1, t] = ns if longer else longest[1, t]
            found[1, t] = core if longer else found[1, t]
    return found
