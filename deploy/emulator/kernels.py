"""The loops of the emulator: strips through all their time steps, spikes counted. All release the GIL.

The arithmetic of a step is nengo_loihi's (emulator/interface.py, ``CompartmentState.update``), exactly: q wraps at 21
bits and sign, u = decay(u) + q at 23, u2 = u + bias at 23, v + u2 is clipped to [vmin, vmax], fires above vth and is
reset to 0. Events of step t arrive in step t + 1; list 0 of a strip holds what the previous presentation fired last.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numba import njit

from .lanes import VMAX, add_lanes, trailing_zeros, update_row
from .program import LANES, SEGMENTS

Function = TypeVar("Function", bound=Callable[..., Any])

WORD = 64
"""Neurons in one word of spike bits."""


COMPILED_IN = ("kernels.py", "lanes.py", "program.py")
"""The files whose functions and constants are compiled into the callers of other files too."""

SOURCES = zlib.crc32(b"".join(Path(__file__).with_name(name).read_bytes() for name in COMPILED_IN))


def compiled(function: Function) -> Function:
    """``function``, compiled by Numba at its first call and kept on disk, without the GIL.

    Numba's cache notices a change of the function's own file only; ``SOURCES`` in its name tells of the others.
    """
    function.__qualname__ += f"_{SOURCES:08x}"
    result: Function = njit(nogil=True, cache=True, error_model="numpy")(function)
    return result


@compiled
def lower_bound(events: Any, first: int, end: int, value: int) -> int:
    """The first place in events[first:end], ascending, that is not below ``value``."""
    while first < end:
        middle = (first + end) >> 1
        if events[middle] < value:
            first = middle + 1
        else:
            end = middle
    return first


@compiled
def add_segments(
    sums: Any,
    stride: int,
    low: Any,
    high: Any,
    events: Any,
    first: int,
    end: int,
    link: Any,
    rows: Any,
    keys: Any,
    key: int,
    weights: Any,
) -> None:
    """Adds the weights of events[first:end] to the strip of rows ``low`` to ``high``."""
    row, step, vectors, shift = link[1], link[2], link[3], link[4]
    segment = vectors * LANES
    mask = (1 << shift) - 1
    for e in range(first, end):
        event = np.int64(events[e])
        k = key + (event & mask)
        weight = np.int64(keys[k, 1])
        if weight < 0:
            continue
        i = row + (event >> shift)
        y: Any = np.int64(rows[i, 0])
        last = min(y + rows[i, 2], high)
        skipped = max(low - y, 0)
        weight += (rows[i, 1] + skipped * step) * segment
        place = (y + skipped - low) * stride + keys[k, 0]
        for _ in range(y + skipped, last):
            for n in range(vectors):
                add_lanes(sums, place + n * LANES, weights, weight + n * LANES)
            place += stride
            weight += step * segment


@compiled
def add_pairs(
    sums: Any,
    events: Any,
    first: int,
    end: int,
    shift: int,
    row_length: int,
    start: int,
    pointer: Any,
    places: Any,
    weights: Any,
) -> None:
    """Adds the (place, weight) pairs of events[first:end]."""
    mask = (1 << shift) - 1
    for e in range(first, end):
        event = np.int64(events[e])
        line = start + (event >> shift) * row_length + (event & mask)
        for n in range(pointer[line], pointer[line + 1]):
            sums[places[n]] += np.int32(weights[n])


@compiled
def wrapped(x: Any, bits: int) -> Any:
    """``x`` as a signed number of ``bits`` bits and sign. Source: nengo_loihi, ``overflow_signed``."""
    half = np.int64(1) << bits
    return ((x + half) & (2 * half - 1)) - half


@compiled
def careful_row(
    sums: Any,
    i: Any,
    u: Any,
    v: Any,
    new_u: Any,
    new_v: Any,
    j: Any,
    bias: Any,
    k: Any,
    vth: Any,
    vmin: Any,
    m: Any,
    decay: int,
    spiked: Any,
    vectors: int,
    overflow: Any,
) -> None:
    """``lanes.update_row`` where something overflows: wraps, and counts ``overflow`` = (q, u, u + bias, v > vmax)."""
    for vector in range(vectors):
        bits = 0
        for lane in range(LANES):
            n = vector * LANES + lane
            q = np.int64(sums[i + n])
            held = wrapped(q, 21)
            overflow[0] += held != q
            x = np.int64(u[j + n])
            left = (abs(x) * decay) >> 12
            current = (left if x >= 0 else -left) + held
            held = wrapped(current, 23)
            overflow[1] += held != current
            new_u[j + n] = held
            driven = held + bias[k + n]
            held = wrapped(driven, 23)
            overflow[2] += held != driven
            voltage = v[j + n] + held
            overflow[3] += voltage > VMAX
            voltage = min(max(voltage, np.int64(vmin[m + n])), VMAX)
            if voltage > vth[m + n]:
                bits |= 1 << lane
                voltage = np.int64(0)
            new_v[j + n] = voltage
        spiked[vector] = bits


@compiled
def emit(words: Any, row: int, shift: int, out: Any, end: int) -> int:
    """Appends an event for every set bit; returns the new end."""
    for w in range(words.size):
        word = words[w]
        while word != 0:
            out[end] = (row << shift) | (w * WORD + trailing_zeros(word))
            word &= word - np.uint64(1)
            end += 1
    return end


@compiled
def run_strips(
    first: int,
    last: int,
    steps: int,
    strips: Any,
    shift: int,
    stride: int,
    decay: int,
    vth: Any,
    vmin: Any,
    bias: Any,
    table: Any,
    windows: Any,
    rows: Any,
    key_start: Any,
    keys: Any,
    weights: Any,
    scatter_start: Any,
    scatter_ptr: Any,
    scatter_place: Any,
    scatter_weight: Any,
    source_strips: Any,
    source_start: Any,
    events: Any,
    pointer: Any,
    carried: Any,
    carried_pointer: Any,
    state_u: Any,
    state_v: Any,
    out: Any,
    out_pointer: Any,
    overflow: Any,
) -> int:
    """Strips ``first`` to ``last`` through ``steps`` time steps, from and to ``state_u`` and ``state_v``.

    Source p has its strip s's list t in events[pointer[n] : pointer[n + 1]], n = (source_start[p] + s) * (steps + 2)
    + t. Appends to ``out`` the lists 0 (``carried``) to ``steps`` of each strip and their bounds to ``out_pointer``.
    Returns the strip before which ``out`` was too small, or ``last``.
    """
    height, slack = 0, 0
    for s in range(first, last):
        height = max(height, strips[s, 1] - strips[s, 0])
    for p in range(table.shape[0]):
        slack = max(slack, table[p, 3] * LANES)
    size = height * stride
    sums = np.zeros(size + slack, np.int32)
    u, v = np.zeros(size, np.int32), np.zeros(size, np.int32)
    new_u, new_v = np.zeros(size, np.int32), np.zeros(size, np.int32)
    vectors = stride // LANES
    spiked = np.zeros((vectors + 3) // 4 * 4, np.uint16)
    words = spiked.view(np.uint64)
    bias_step = stride if bias.shape[0] > 1 else 0
    flat_bias, flat_vth, flat_vmin = bias.ravel(), vth.ravel(), vmin.ravel()
    lists = steps + 2
    wrong = np.zeros(4, np.int64)
    end = 0
    for s in range(first, last):
        wrong[:] = 0
        low, high, kind = np.int64(strips[s, 0]), np.int64(strips[s, 1]), np.int64(strips[s, 2])
        neurons = (high - low) * stride
        for n in range(neurons):
            u[n] = state_u[low * stride + n]
            v[n] = state_v[low * stride + n]
        if end + carried_pointer[s + 1] - carried_pointer[s] > out.size:
            return s
        out_pointer[s - first, 0] = end
        for n in range(carried_pointer[s], carried_pointer[s + 1]):
            out[end] = carried[n]
            end += 1
        out_pointer[s - first, 1] = end
        for t in range(steps):
            if end + neurons > out.size:
                return s
            for p in range(table.shape[0]):
                link = table[p]
                row_first, row_last = np.int64(windows[s, p, 2]), np.int64(windows[s, p, 3])
                for r in range(windows[s, p, 0], windows[s, p, 1]):
                    n = (source_start[p] + r) * lists + t
                    a, b = pointer[n], pointer[n + 1]
                    if source_strips[source_start[p] + r, 0] < row_first:
                        a = lower_bound(events, a, b, row_first << link[4])
                    if source_strips[source_start[p] + r, 1] > row_last:
                        b = lower_bound(events, a, b, row_last << link[4])
                    if link[0] == SEGMENTS:
                        key = key_start[kind, p]
                        add_segments(sums, stride, low, high, events, a, b, link, rows, keys, key, weights)
                    else:
                        line = scatter_start[s, p]
                        add_pairs(
                            sums, events, a, b, link[4], link[5], line, scatter_ptr, scatter_place, scatter_weight
                        )
            for y in range(low, high):
                at, of_bias, of_class = (y - low) * stride, y * bias_step, kind * stride
                if update_row(
                    sums,
                    at,
                    u,
                    v,
                    new_u,
                    new_v,
                    at,
                    flat_bias,
                    of_bias,
                    flat_vth,
                    flat_vmin,
                    of_class,
                    decay,
                    spiked,
                    vectors,
                ):
                    careful_row(
                        sums,
                        at,
                        u,
                        v,
                        new_u,
                        new_v,
                        at,
                        flat_bias,
                        of_bias,
                        flat_vth,
                        flat_vmin,
                        of_class,
                        decay,
                        spiked,
                        vectors,
                        wrong,
                    )
                end = emit(words, y, shift, out, end)
            sums[:neurons] = 0
            u, new_u = new_u, u
            v, new_v = new_v, v
            out_pointer[s - first, t + 2] = end
        for n in range(neurons):
            state_u[low * stride + n] = u[n]
            state_v[low * stride + n] = v[n]
        for n in range(4):
            overflow[n] += wrong[n]
    return last


@compiled
def count_spikes(
    strips: int, steps: int, events: Any, pointer: Any, shift: int, row_length: int, counts: Any, first: int, last: int
) -> None:
    """Adds to ``counts``, flat over the neurons, the events of steps ``first`` to ``last`` (from 0, end excluded)."""
    mask = (1 << shift) - 1
    for s in range(strips):
        start = s * (steps + 2)
        for e in range(pointer[start + first + 1], pointer[start + last + 1]):
            event = np.int64(events[e])
            counts[(event >> shift) * row_length + (event & mask)] += 1


@compiled
def count_until(
    strips: int, steps: int, events: Any, pointer: Any, shift: int, place: Any, width: int, counts: Any, stops: Any
) -> None:
    """Adds to ``counts[n]`` the events from step ``stops[n - 1]`` (0 at first) to ``stops[n]``, end excluded.

    An event of row i counts at i * ``width`` + ``place[k]``.
    """
    mask = (1 << shift) - 1
    for s in range(strips):
        start = s * (steps + 2) + 1
        first = pointer[start]
        for n in range(stops.size):
            last, at = pointer[start + stops[n]], counts[n]
            for e in range(first, last):
                event = np.int64(events[e])
                at[(event >> shift) * width + place[event & mask]] += 1
            first = last
