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
def add_loads(fired: Fired, place: Int32, width: int, routes: Routes, loads: Int32) -> None:
    """Adds to ``loads``, shape (steps, cores, LOADS), what the events of each step do to the cores.

    An event of row i is of the line i * ``width`` + ``place[k]``.
    """
    events, pointer = fired.lists.events, fired.lists.pointer
    mask = (1 << fired.shift) - 1
    for s in range(fired.strips):
        start = s * (fired.steps + 2) + 1
        for t in range(fired.steps):
            at = loads[t]
            for e in range(pointer[start + t], pointer[start + t + 1]):
                event = int(events[e])
                line = (event >> fired.shift) * width + place[event & mask]
                first, last, own = routes.pointer[line], routes.pointer[line + 1], routes.own[line]
                if own >= 0:
                    at[own, 0] += 1
                    at[own, 1] += last - first
                for n in range(first, last):
                    core = routes.core[n]
                    at[core, 2] += 1
                    at[core, 3] += routes.synops[n]
                    at[core, 4] += routes.synops[n] * routes.conv[n]
