"""The loops of the emulator: strips through all their time steps. All release the GIL.

The arithmetic of a step is nengo_loihi's (emulator/interface.py, ``CompartmentState.update``), exactly: q wraps at 21
bits and sign, u = decay(u) + q at 23, u2 = u + bias at 23, v + u2 is clipped to [vmin, vmax], fires above vth and is
reset to 0. Events of step t arrive in step t + 1; list 0 of a strip holds what the previous presentation fired last.
"""

from __future__ import annotations

import numpy as np

from deploy.arrays import Int32

from .adding import add_pairs, add_segments, lower_bound
from .arguments import EventLists, Incoming, Neurons, Places, Potentials, Room, Strip, Sums, Work
from .emitting import AHEAD, FIRED, WORD, emit, name_words
from .lanes import update_row
from .numba_jit import compiled, inlined
from .overflow import careful_row
from .program import KIND, LANES, SEGMENTS, SHIFT, VECTORS


@inlined
def events_within(window: Int32, strip: int, number: int, shift: int, incoming: Incoming) -> tuple[int, int]:
    """The bounds of the events of list ``number``, of a source's ``strip``, in the rows of a ``window``."""
    events, pointer, strips = incoming.events.events, incoming.events.pointer, incoming.source_strips
    a, b = int(pointer[number]), int(pointer[number + 1])
    if strips[strip, 0] < window[2]:
        a = lower_bound(events, a, b, int(window[2]) << shift)
    if strips[strip, 1] > window[3]:
        b = lower_bound(events, a, b, int(window[3]) << shift)
    return a, b


@inlined
def add_arriving(sums: Sums, strip: Strip, t: int, lists: int, incoming: Incoming) -> None:
    """Adds what all sources fired in list ``t`` of their ``lists`` to the strip."""
    events, segments, pairs = incoming.events.events, incoming.segments, incoming.pairs
    for p in range(incoming.table.shape[0]):
        link, window, start = incoming.table[p], incoming.windows[strip.number, p], int(incoming.source_start[p])
        key, line = int(incoming.key_start[strip.kind, p]), int(incoming.scatter_start[strip.number, p])
        for r in range(start + window[0], start + window[1]):
            a, b = events_within(window, r, r * lists + t, int(link[SHIFT]), incoming)
            if link[KIND] == SEGMENTS:
                add_segments(sums, strip, events, a, b, link, segments, key)
            else:
                add_pairs(sums, events, a, b, link, line, pairs)


@inlined
def update_strip(
    strip: Strip, neurons: Neurons, now: Potentials, after: Potentials, work: Work, out: Int32, end: int
) -> int:
    """One time step of all rows of a strip, from ``now`` to ``after``; appends their events, returns the new end."""
    words, names = work.words, work.names
    for y in range(strip.low, strip.high):
        at = Places((y - strip.low) * strip.stride, y * neurons.bias_step, strip.kind * strip.stride)
        if update_row(now, after, neurons, at, work):
            careful_row(now, after, neurons, at, work)
        work.sums[at.neuron : at.neuron + strip.stride] = 0
        row = (y - strip.low) * words.size
        end = emit(words, FIRED, names[row : row + words.size], work.found, out, end)
    return end


@compiled
def carry_over(carried: EventLists, strip: int, row: int, room: Room, end: int) -> int:
    """Writes what strip ``strip`` fired last before as its list 0, row ``row`` of the bounds; -1: no room for it."""
    first, last = carried.pointer[strip], carried.pointer[strip + 1]
    if end + last - first > room.events.size:
        return -1
    room.pointer[row, 0] = end
    for n in range(first, last):
        room.events[end] = carried.events[n]
        end += 1
    room.pointer[row, 1] = end
    return end


@compiled
def take_state(now: Potentials, state: Potentials, origin: int, count: int) -> None:
    """Sets ``now`` to the ``state`` of ``count`` neurons from ``origin`` on; to rest where ``state`` is empty."""
    if state.u.size > 0:
        now.u[:count] = state.u[origin : origin + count]
        now.v[:count] = state.v[origin : origin + count]
    else:
        now.u[:count] = 0
        now.v[:count] = 0


@compiled
def keep_state(now: Potentials, state: Potentials, origin: int, count: int) -> None:
    """The opposite; nothing where ``state`` is empty."""
    if state.u.size > 0:
        state.u[origin : origin + count] = now.u[:count]
        state.v[origin : origin + count] = now.v[:count]


@compiled
def largest_strip(neurons: Neurons, first: int, last: int) -> int:
    """The neurons, padding included, of the largest of these strips."""
    height = 0
    for s in range(first, last):
        height = max(height, int(neurons.strips[s, 1] - neurons.strips[s, 0]))
    return height * neurons.stride


@compiled
def longest_segment(incoming: Incoming) -> int:
    """The weights that the last row of a strip may add beyond its end."""
    vectors = 0
    for p in range(incoming.table.shape[0]):
        vectors = max(vectors, int(incoming.table[p, VECTORS]))
    return vectors * LANES


@compiled
def run_strips(
    first: int,
    last: int,
    steps: int,
    neurons: Neurons,
    incoming: Incoming,
    carried: EventLists,
    state: Potentials,
    room: Room,
) -> int:
    """Strips ``first`` to ``last`` through ``steps`` time steps, from and to ``state``; from rest where it is empty.

    Appends to ``room`` the lists 0 (``carried``) to ``steps`` of each strip and their bounds. Returns the strip before
    which there was too little room, or ``last``.
    """
    size = largest_strip(neurons, first, last)
    row_words = (neurons.stride + WORD - 1) // WORD
    spiked, found = np.zeros(row_words * (WORD // LANES), np.uint16), np.zeros(row_words + 1, np.int32)
    sums, names = np.zeros(size + longest_segment(incoming), np.int32), np.zeros(size // LANES, np.int32)
    work = Work(sums, spiked, spiked.view(np.uint64), names, found, np.zeros(4, np.int64))
    now = Potentials(np.zeros(size, np.int32), np.zeros(size, np.int32))
    after = Potentials(np.zeros(size, np.int32), np.zeros(size, np.int32))
    end = 0
    for s in range(first, last):
        low, high, kind = int(neurons.strips[s, 0]), int(neurons.strips[s, 1]), int(neurons.strips[s, 2])
        strip = Strip(s, low, high, kind, neurons.stride)
        count, origin = (high - low) * neurons.stride, low * neurons.stride
        take_state(now, state, origin, count)
        name_words(low, high, row_words, neurons.shift, names)
        work.wrong[:] = 0
        end = carry_over(carried, s, s - first, room, end)
        if end < 0:
            return s
        for t in range(steps):
            if end + count + AHEAD > room.events.size:
                return s
            add_arriving(work.sums, strip, t, steps + 2, incoming)
            end = update_strip(strip, neurons, now, after, work, room.events, end)
            now, after = after, now
            room.pointer[s - first, t + 2] = end
        keep_state(now, state, origin, count)
        for n in range(4):
            room.overflow[n] += work.wrong[n]
    return last
