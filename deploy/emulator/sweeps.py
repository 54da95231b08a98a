"""The compiled loops on one layer: what they are given, and room for the events that they give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from itertools import pairwise

import numpy as np

from convert.network.neuron import DECAY_ONE
from deploy.arrays import Float64, Int32, Int64

from . import host, memory
from .arguments import EventLists, HostNeurons, Incoming, Neurons, Pairs, Potentials, Room, Segments
from .kernels import run_strips
from .narrow_strips import run_narrow_strips
from .program import ChipLayer, HostLayer, Layer, Links
from .results import EmulatorState, Spikes

Drives = Mapping[str, Float64]
"""The drive in Hz of the neurons of each host population, flat; one that is not named has its own."""

Sweep = Callable[[int, int, Room], int]
"""Strips first to last into the room; returns the strip that did not fit, or last."""

CHUNKS_PER_THREAD = 2
"""Pieces of one layer for each thread where the threads share an image."""

EXPECTED_ACTIVITY = 0.25
"""Spikes per neuron and step for which there is room at first."""


def host_sweep(
    layer: HostLayer,
    drive_hz: Float64,
    steps: int,
    arriving: Spikes,
    state: EmulatorState | None,
    after: EmulatorState | None,
) -> Sweep:
    voltage = np.zeros(layer.neurons) if state is None else state.voltage[layer.name].astype(np.float64)
    if after is not None:
        after.voltage[layer.name] = voltage
    geometry = (layer.strips, layer.shift, layer.row_length)
    drive_hz = np.ascontiguousarray(drive_hz, np.float64)
    neurons = HostNeurons(*geometry, layer.dt_s, layer.onset_step, layer.end_step, drive_hz, voltage)
    carried = _carried(arriving)

    def sweep(first: int, last: int, room: Room) -> int:
        return int(host.run_host(first, last, steps, neurons, carried, room))

    return sweep


def chip_sweep(
    layer: ChipLayer,
    spikes: Mapping[str, Spikes],
    steps: int,
    arriving: Spikes,
    state: EmulatorState | None,
    after: EmulatorState | None,
) -> Sweep:
    passing = state is None and after is None
    shape = (0, 0) if passing else (layer.shape[0], layer.row_stride)
    current = np.zeros(shape, np.int32) if state is None else state.current[layer.name].astype(np.int32)
    voltage = np.zeros(shape, np.int32) if state is None else state.voltage[layer.name].astype(np.int32)
    if after is not None:
        after.current[layer.name], after.voltage[layer.name] = current, voltage
    narrow = layer.largest_current is not None if state is None else layer.is_narrow(current, voltage)
    run = run_narrow_strips if narrow else run_strips
    incoming = _incoming(layer.narrow_links if narrow else layer.links, spikes, layer.heaviest if narrow else 0)
    neurons, carried = _neurons(layer, narrow=narrow), _carried(arriving)
    potentials = Potentials(current.ravel(), voltage.ravel())

    def sweep(first: int, last: int, room: Room) -> int:
        return int(run(first, last, steps, neurons, incoming, carried, potentials, room))

    return sweep


def _neurons(layer: ChipLayer, *, narrow: bool) -> Neurons:
    bias_step = layer.row_stride if len(layer.bias) > 1 else 0
    flat = (layer.vth.ravel(), layer.vmin.ravel(), layer.bias.ravel())
    return Neurons(
        layer.strips,
        layer.shift,
        layer.row_stride,
        layer.decay,
        layer.kept,
        *flat,
        bias_step,
        int(narrow and _short(layer)),
    )


def _short(layer: ChipLayer) -> bool:
    """Whether any current times what a step leaves of it has 31 bits, 4095 to round it included."""
    return layer.largest_current is not None and layer.largest_current * layer.decay + DECAY_ONE < 1 << 31


def _incoming(links: Links, spikes: Mapping[str, Spikes], heaviest: int) -> Incoming:
    return Incoming(
        links.table,
        links.windows,
        links.key_start,
        links.scatter_start,
        links.source_strips,
        links.source_start,
        Segments(links.rows, links.keys, links.weights),
        Pairs(links.scatter_ptr, links.scatter_place, links.scatter_weight),
        _sources(links, spikes),
        heaviest,
    )


def _sources(links: Links, spikes: Mapping[str, Spikes]) -> EventLists:
    """The bounds of every link's lists, counted in events from the source whose events are first in memory.

    So nothing is copied; all of ``spikes`` have to last as long as the lists are read.
    """
    events = {name: spikes[name].events for name in links.sources}
    at = {name: listed.ctypes.data // listed.itemsize for name, listed in events.items()}
    lowest = min(at, key=at.__getitem__, default=None)
    if lowest is None:
        return EventLists(np.zeros(0, np.int32), np.zeros(0, np.int64))
    bounds = [(spikes[name].pointer + (at[name] - at[lowest])).ravel() for name in links.sources]
    return EventLists(events[lowest], np.concatenate(bounds))


def _carried(arriving: Spikes) -> EventLists:
    """The events on their way: list s are those of strip s."""
    return EventLists(arriving.events, np.append(arriving.pointer[:, 0], arriving.pointer[-1, 1]))


def swept(sweep: Sweep, layer: Layer, steps: int, overflow: Int64, pool: Executor | None, threads: int) -> Spikes:
    """All strips of a layer, by several threads if there is a pool."""
    strips = len(layer.strips)
    if pool is None:
        parts = _pieces(sweep, layer, steps, 0, strips, overflow)
    else:
        cuts = np.linspace(0, strips, min(strips, threads * CHUNKS_PER_THREAD) + 1).astype(int).tolist()
        own = [np.zeros(4, np.int64) for _ in cuts[1:]]
        pieces = zip(pairwise(cuts), own, strict=True)
        futures = [pool.submit(_pieces, sweep, layer, steps, *cut, seen) for cut, seen in pieces]
        parts = [part for future in futures for part in future.result()]
        overflow += np.sum(own, axis=0)
    begin = np.cumsum([0, *(len(events) for events, _ in parts)])
    pointer = np.concatenate([bounds + b for (_, bounds), b in zip(parts, begin, strict=False)])
    return Spikes(parts[0][0] if len(parts) == 1 else np.concatenate([events for events, _ in parts]), pointer)


def _pieces(
    sweep: Sweep, layer: Layer, steps: int, first: int, last: int, overflow: Int64
) -> list[tuple[Int32, Int64]]:
    """Strips ``first`` to ``last`` in as many calls as the growing room for their events takes."""
    strip = int((layer.strips[first:last, 1] - layer.strips[first:last, 0]).max()) * layer.row_stride
    rows = int(layer.strips[last - 1, 1] - layer.strips[first, 0])
    room = 2 * strip + int(rows * layer.row_stride * steps * EXPECTED_ACTIVITY)
    parts = []
    while first < last:
        out, bounds = memory.room(room), np.empty((last - first, steps + 2), np.int64)
        stop = sweep(first, last, Room(out, bounds, overflow))
        if stop > first:
            parts.append((out[: bounds[stop - first - 1, -1]], bounds[: stop - first]))
        first, room = stop, room * 2
    return parts
