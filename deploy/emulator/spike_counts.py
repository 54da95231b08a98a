"""The loops that count spikes once a layer has run."""

from __future__ import annotations

from deploy.arrays import Int32, Int64

from .arguments import Fired, Routes
from .numba_jit import compiled


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
def count_until(fired: Fired, place: Int32, width: int, counts: Int32, stops: Int64) -> None:
    """Adds to ``counts[n]`` the events from step ``stops[n - 1]`` (0 at first) to ``stops[n]``, end excluded.

    An event of row i counts at i * ``width`` + ``place[k]``.
    """
    events, pointer = fired.lists.events, fired.lists.pointer
    mask = (1 << fired.shift) - 1
    for s in range(fired.strips):
        start = s * (fired.steps + 2) + 1
        first = pointer[start]
        for n in range(stops.size):
            last, at = pointer[start + stops[n]], counts[n]
            for e in range(first, last):
                event = int(events[e])
                at[(event >> fired.shift) * width + place[event & mask]] += 1
            first = last


@compiled
def add_loads(
    fired: Fired, place: Int32, width: int, row_length: int, routes: Routes, sent: Int64, received: Int64
) -> None:
    """Adds to ``sent`` and ``received``, both of shape (steps, cores), what the events of each step do to the cores.

    An event of row i is of the line i * ``width`` + ``place[k]``. Numbers are packed as ``events/busiest.py`` says.
    """
    events, pointer = fired.lists.events, fired.lists.pointer
    mask = (1 << fired.shift) - 1
    for s in range(fired.strips):
        start = s * (fired.steps + 2) + 1
        for t in range(fired.steps):
            out, into = sent[t], received[t]
            for e in range(pointer[start + t], pointer[start + t + 1]):
                event = int(events[e])
                row, k = event >> fired.shift, event & mask
                line, own = row * width + place[k], routes.own[row * row_length + k]
                if own >= 0:
                    out[own] += routes.sending[line]
                for n in range(routes.copy_pointer[line], routes.copy_pointer[line + 1]):
                    out[routes.copy_core[n]] += routes.copy_sending[n]
                for n in range(routes.pointer[line], routes.pointer[line + 1]):
                    into[routes.core[n]] += routes.receiving[n]
