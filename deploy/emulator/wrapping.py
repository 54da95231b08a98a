"""Sums of 16 bits that leave them: they wrap as the chip's accumulator does, so this has only to be counted."""

from __future__ import annotations

import numpy as np

from deploy.arrays import Int64

from .arguments import Incoming, Strip
from .kernels import add_arriving, events_within, longest_segment
from .numba_jit import compiled
from .program import FIRST_LINE, KIND, LANES, SEGMENTS, SHIFT, VECTORS

LARGEST = (1 << 15) - 1
"""The largest sum of 16 bits."""

BLOCK_BITS = np.uint64(8)
BLOCK = 1 << 8
"""Neurons of a row whose events are counted together, before it is known that a sum may be too large."""


@compiled
def count_wraps(strip: Strip, t: int, lists: int, incoming: Incoming) -> int:
    """How many sums of a strip leave 16 bits in list ``t``: none where too few events arrive, else by wide sums."""
    if most_events(strip, t, lists, incoming) * incoming.heaviest <= LARGEST:
        return 0
    size = (strip.high - strip.low) * strip.stride
    sums, wrapped = np.zeros(size + longest_segment(incoming), np.int32), 0
    add_arriving(sums, strip, t, lists, incoming)
    for n in range(size):
        wrapped += sums[n] != np.int16(sums[n])
    return wrapped


@compiled
def most_events(strip: Strip, t: int, lists: int, incoming: Incoming) -> int:
    """At least the events that any neuron of the strip gets: those that reach its block of ``BLOCK`` in its row."""
    blocks = (strip.stride + longest_segment(incoming)) // BLOCK + 1
    reaching, of_row = np.zeros((strip.high - strip.low, blocks), np.int64), np.zeros(blocks, np.int64)
    for p in range(incoming.table.shape[0]):
        link, window, start = incoming.table[p], incoming.windows[strip.number, p], int(incoming.source_start[p])
        key = int(incoming.key_start[strip.kind, p])
        for r in range(start + window[0], start + window[1]):
            a, b = events_within(window, r, r * lists + t, int(link[SHIFT]), incoming)
            if link[KIND] == SEGMENTS:
                add_by_block(reaching, of_row, strip, a, b, link, incoming, key)
            else:
                reaching += b - a
    return int(reaching.max())


@compiled
def add_by_block(
    reaching: Int64, of_row: Int64, strip: Strip, first: int, end: int, link: Int64, incoming: Incoming, key: int
) -> None:
    """Adds the number of events[first:end] that reach each block of the rows of the strip.

    Their segments begin in it, or before it by less than their length.
    """
    events, lines, keys = incoming.events.events, incoming.segments.rows, incoming.segments.keys
    shift = int(link[SHIFT])
    back = (max(int(link[VECTORS]) * LANES, 1) + BLOCK - 2) // BLOCK
    while first < end:
        row = int(events[first]) >> shift
        limit, number = (row + 1) << shift, np.uint64(key - (row << shift))
        of_row[:] = 0
        while first < end and events[first] < limit:
            of_row[np.uint64(keys[np.uint64(events[first]) + number, 0]) >> BLOCK_BITS] += 1
            first += 1
        y, rows = int(lines[link[FIRST_LINE] + row, 0]), int(lines[link[FIRST_LINE] + row, 2])
        low, high = max(y - strip.low, 0), min(y + rows, strip.high) - strip.low
        for block in range(of_row.size):
            into = 0
            for begun in range(max(block - back, 0), block + 1):
                into += of_row[begun]
            for reached in range(low, high):
                reaching[reached, block] += into
