"""``kernels.run_strips`` where no state can overflow: sums of 16 bits, several steps of a row at once.

What arrives in these steps is added up first, each step by itself; so a row's state is read and written once for all.
"""

from __future__ import annotations

import numpy as np

from deploy.arrays import Int16

from .arguments import EventLists, Incoming, NarrowPlaces, NarrowWork, Neurons, Potentials, Room, Strip
from .emitting import AHEAD, RESTED, WORD, emit, name_words
from .kernels import (
    add_arriving,
    carry_over,
    keep_state,
    largest_strip,
    longest_segment,
    take_state,
)
from .lanes import SEVERAL, update_rows, update_rows_once
from .numba_jit import compiled
from .program import LANES
from .wrapping import count_wraps

WORD_LANES = WORD // LANES
"""Entries of bits in one word."""


ALL = (1 << LANES) - 1
"""Bits of so many neurons, none of which fires."""

IN_LINE = 32
"""Sums of 16 bits in a line of the cache."""


@compiled
def zeros_in_lines(size: int) -> Int16:
    """So many sums of 0, the first at the beginning of a line of the cache."""
    room = np.zeros(size + IN_LINE, np.int16)
    first = -(room.ctypes.data // room.itemsize) % IN_LINE
    return room[first : first + size]


@compiled
def run_narrow_strips(
    first: int,
    last: int,
    steps: int,
    neurons: Neurons,
    incoming: Incoming,
    carried: EventLists,
    state: Potentials,
    room: Room,
) -> int:
    """As ``kernels.run_strips``."""
    size, row_words = largest_strip(neurons, first, last), (neurons.stride + WORD - 1) // WORD
    room_needed, bit_step = size + longest_segment(incoming), size // neurons.stride * row_words * WORD_LANES
    sum_step = (room_needed + IN_LINE - 1) // IN_LINE * IN_LINE
    resting = np.full(SEVERAL * bit_step, ALL, np.uint16)
    sums = zeros_in_lines(SEVERAL * sum_step)
    names, found = np.zeros(bit_step // WORD_LANES, np.int32), np.zeros(bit_step // WORD_LANES + 1, np.int32)
    work = NarrowWork(sums, resting, resting.view(np.uint64), names, found, sum_step, bit_step)
    now = Potentials(np.zeros(size, np.int32), np.zeros(size, np.int32))
    end = 0
    for s in range(first, last):
        low, high, kind = int(neurons.strips[s, 0]), int(neurons.strips[s, 1]), int(neurons.strips[s, 2])
        strip = Strip(s, low, high, kind, neurons.stride)
        count, origin = (high - low) * neurons.stride, low * neurons.stride
        name_words(low, high, row_words, neurons.shift, names)
        take_state(now, state, origin, count)
        end = carry_over(carried, s, s - first, room, end)
        if end < 0:
            return s
        t = wraps = 0
        while t < steps:
            together = SEVERAL if t + SEVERAL <= steps else 1
            for k in range(together):
                add_arriving(work.sums[k * sum_step :], strip, t + k, steps + 2, incoming)
                if incoming.heaviest > 0:
                    wraps += count_wraps(strip, t + k, steps + 2, incoming)
            for y in range(low, high):
                row = y - low
                at = NarrowPlaces(
                    row * neurons.stride, y * neurons.bias_step, kind * neurons.stride, row * row_words * WORD_LANES
                )
                if together > 1:
                    update_rows(now, neurons, at, work)
                else:
                    update_rows_once(now, neurons, at, work)
            for k in range(together):
                if end + count + AHEAD > room.events.size:
                    return s
                word = k * (bit_step // WORD_LANES)
                end = emit(work.words[word : word + (high - low) * row_words], RESTED, names, found, room.events, end)
                room.pointer[s - first, t + k + 2] = end
            t += together
        keep_state(now, state, origin, count)
        room.overflow[0] += wraps
    return last
