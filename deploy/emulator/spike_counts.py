"""The loops that count spikes once a layer has run.

Strip s's spikes of step t (from 0) are ``events[pointer[s, t + 1] : pointer[s, t + 2]]``.
"""

from __future__ import annotations

import numpy as np

from deploy.arrays import Int32, Int64, UInt16, UInt32

from .arguments import Loads, Sent, Tables
from .busiest_cores import CONV_SHIFT, MESSAGE_BITS, note_sender
from .counting_tables import tables_of
from .numba_jit import compiled, inlined

Counts = UInt16 | UInt32
"""Spikes of a group or a run in a step."""

OFTEN = 16
"""A layer whose groups fire in one of so many steps, or more often, is counted by group."""

ROOM = 2**17
"""Numbers of 32 bits that the counts of a layer's groups take: half a MB."""


@compiled
def count_spikes(
    events: Int32, pointer: Int64, shift: int, row_length: int, counts: Int32, first: int, last: int
) -> None:
    """Adds to ``counts``, flat over the neurons, the events of steps ``first`` to ``last`` (from 0, end excluded)."""
    mask = (1 << shift) - 1
    for s in range(len(pointer)):
        for e in range(pointer[s, first + 1], pointer[s, last + 1]):
            event = int(events[e])
            counts[(event >> shift) * row_length + (event & mask)] += 1


@compiled
def count(
    events: Int32,
    pointer: Int64,
    of_event: UInt16 | Int32,
    flat: Int32,
    stops: Int64,
    totals: Int64,
    loads: Loads,
) -> None:
    """Adds to ``totals[n]`` what the spikes from step ``stops[n - 1]`` (0 at first) to ``stops[n]``, excluded, are and
    cause, and to ``loads`` what they do to cores in each step, if these are counted."""
    tables, steps, fired = tables_of(flat), stops[-1], 0
    until = np.zeros((stops.size, tables.runs.size - 1), np.int64)
    for s in range(len(pointer)):
        fired += pointer[s, steps + 1] - pointer[s, 1]
    if loads.room.size > 0:
        size, shape = tables.cores.size * steps, (tables.cores.size, steps)
        spikes, messages = loads.room.view(np.uint16)[:size], loads.room.view(np.uint32)[size : 2 * size]
        sent = Sent(spikes.reshape(shape), messages.reshape(shape))
        sent.spikes[:] = 0
        sent.messages[:] = 0
        if fired * OFTEN < tables.own.size * steps:
            count_runs(events, pointer, of_event, tables, stops, until)
            add_events(events, pointer, of_event, tables, sent, loads.received)
        else:
            room = loads.room[2 * size : 2 * size + max(ROOM, tables.own.size)]
            if tables.most < 1 << 16 and tables.cores.size > 0:
                narrow = room.view(np.uint16)
                count_groups(events, pointer, of_event, tables, stops, until, sent, loads.received, narrow)
            else:
                wide = room.view(np.uint32)
                count_groups(events, pointer, of_event, tables, stops, until, sent, loads.received, wide)
        note_sender(tables.cores, tables.updates, sent.spikes, sent.messages, loads.sender)
    else:
        count_runs(events, pointer, of_event, tables, stops, until)
    add_caused(until, tables.causes, tables.place, totals)


@compiled
def count_runs(
    events: Int32, pointer: Int64, of_event: UInt16 | Int32, tables: Tables, stops: Int64, until: Int64
) -> None:
    """Counts the spikes of each run from stop to stop."""
    for s in range(len(pointer)):
        start = 0
        for n in range(stops.size):
            for e in range(pointer[s, start + 1], pointer[s, stops[n] + 1]):
                until[n, tables.run[of_event[events[e] >> tables.shift]]] += 1
            start = stops[n]


@compiled
def add_events(
    events: Int32, pointer: Int64, of_event: UInt16 | Int32, tables: Tables, sent: Sent, received: Int64
) -> None:
    """Adds what spikes do to cores in each step, one after another."""
    for s in range(len(pointer)):
        for t in range(received.shape[1]):
            for e in range(pointer[s, t + 1], pointer[s, t + 2]):
                group = of_event[events[e] >> tables.shift]
                own, run = tables.own[group], tables.run[group]
                if tables.cores.size > 0:
                    sent.spikes[own, t] += 1
                    sent.messages[own, t] += tables.messages[group]
                for k in range(tables.copy_pointer[run], tables.copy_pointer[run + 1]):
                    sent.spikes[tables.copy[k], t] += 1
                    sent.messages[tables.copy[k], t] += tables.copy_messages[k]
                for k in range(tables.pointer[run], tables.pointer[run + 1]):
                    received[tables.receiver[k], t] += packed(tables.weights[k])


@compiled
def count_groups(
    events: Int32,
    pointer: Int64,
    of_event: UInt16 | Int32,
    tables: Tables,
    stops: Int64,
    until: Int64,
    sent: Sent,
    received: Int64,
    room: Counts,
) -> None:
    """Both for groups that fire often: first how often in each step, in the ``room``, as many steps at a time as it
    holds, then what that does in all of these steps at once."""
    groups, steps = tables.own.size, stops[-1]
    at_once = min(steps, room.size // groups)
    counts = room[: groups * at_once].reshape((groups, at_once))
    for first in range(0, steps, at_once):
        last = min(first + at_once, steps)
        count_each(events, pointer, of_event, tables.shift, first, last, counts)
        add_runs(counts, tables, sent, received, stops, until, first, last)
        add_copied(counts, tables, sent, first, last)


@compiled
def count_each(
    events: Int32, pointer: Int64, of_event: UInt16 | Int32, shift: int, first: int, last: int, counts: Counts
) -> None:
    """``counts[group, t]`` is set to the events of each group in step ``first + t``, as far as ``last``, excluded.

    Numbers without sign are not taken to count from the end.
    """
    counts[:] = 0
    for s in range(len(pointer)):
        for t in range(first, last):
            for e in range(pointer[s, t + 1], pointer[s, t + 2]):
                group = of_event[np.uint64(events[np.uint64(e)] >> shift)]
                counts[np.uint64(group), np.uint64(t - first)] += 1


@compiled
def add_runs(
    counts: Counts, tables: Tables, sent: Sent, received: Int64, stops: Int64, until: Int64, first: int, last: int
) -> None:
    """Adds what each group fires and sends to its own core; then what its run fires ``until`` the next stop and brings
    to its receivers, for which it takes the place of its first group.

    Arrays are taken out of their groups before the loops: each time costs more than a step.
    """
    runs, own, each, on_chip = tables.runs, tables.own, tables.messages, tables.cores.size > 0
    pointer, receiver, weights = tables.pointer, tables.receiver, tables.weights
    spikes, messages = sent.spikes, sent.messages
    for run in range(runs.size - 1):
        of_run = counts[runs[run]]
        for group in range(runs[run], runs[run + 1]):
            of_group = counts[group]
            if on_chip:
                add_times(of_group, 1, spikes[own[group], first:last])
                add_times(of_group, each[group], messages[own[group], first:last])
            if group > runs[run]:
                add_times(of_group, 1, of_run)
        add_until(of_run, first, stops, until, run)
        for k in range(pointer[run], pointer[run + 1]):
            add_times(of_run, packed(weights[k]), received[receiver[k], first:last])


@inlined
def add_until(counts: Counts, first: int, stops: Int64, until: Int64, run: int) -> None:
    """Adds the ``counts`` of a run, of step ``first`` and those after it, to those ``until`` the next stop."""
    start = 0
    for n in range(stops.size):
        stop = max(start, min(counts.size, stops[n] - first))
        between, total = counts[start:stop], 0
        for t in range(between.size):
            total += between[t]
        until[n, run] += total
        start = stop


@compiled
def add_copied(counts: Counts, tables: Tables, sent: Sent, first: int, last: int) -> None:
    """Adds what the copies of each run fire and send."""
    for run in range(tables.runs.size - 1 if tables.copy.size > 0 else 0):
        of_run = counts[tables.runs[run]]
        for k in range(tables.copy_pointer[run], tables.copy_pointer[run + 1]):
            add_times(of_run, 1, sent.spikes[tables.copy[k], first:last])
            add_times(of_run, tables.copy_messages[k], sent.messages[tables.copy[k], first:last])


@compiled
def add_caused(until: Int64, causes: Int32, place: Int32, totals: Int64) -> None:
    """Adds what the spikes ``until`` each stop, shape (stops, runs), are and cause."""
    runs = until.shape[1]
    for n in range(until.shape[0]):
        for column in range(place.size):
            each, total = causes[column * runs : (column + 1) * runs], 0
            for run in range(runs):
                total += until[n, run] * each[run]
            totals[n, place[column]] += total


@inlined
def packed(weights: int) -> int:
    """What a message does that adds ``weights >> 1``, those of a shared kernel where it is odd."""
    synops = np.int64(weights >> 1)
    return int(1 | synops << MESSAGE_BITS | (synops if weights & 1 else 0) << CONV_SHIFT)


@inlined
def add_times(counts: Counts, each: int, total: Counts | Int64) -> None:
    """Adds ``counts`` times what ``each`` does to the ``total`` of each step."""
    for t in range(total.size):
        total[t] += counts[t] * each
