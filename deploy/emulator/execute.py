"""Images through a ``Program``: several at once, or the strips of one image's layers shared between the cores."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError
from deploy.arrays import Int32, Int64

from . import host, kernels, spike_counts
from .arguments import EventLists, HostNeurons, Incoming, Neurons, Pairs, Potentials, Room, Segments
from .counting import layer_events
from .program import ChipLayer, HostLayer, Layer, Links, Program
from .results import EmulatorState, Presentation, Spikes, rest, silence

Drives = Mapping[str, NDArray[np.float64]]
Windows = Sequence[tuple[int, int]]
Sweep = Callable[[int, int, Room], int]
"""Strips first to last into the room; returns the strip that did not fit, or last."""

CHUNKS_PER_THREAD = 2
"""Pieces of one layer for each thread where the threads share an image."""

EXPECTED_ACTIVITY = 0.04
"""Spikes per neuron and step for which there is room at first."""


def run(
    program: Program,
    drives_hz: Drives,
    steps: int | None = None,
    *,
    threads: int | None = None,
    windows: Windows = (),
    continuous: bool = False,
    state: EmulatorState | None = None,
    record: Sequence[str] = (),
) -> list[Presentation]:
    """Presents each image for ``steps`` steps, the network's own number without it; ``drives_hz``: (images, neurons).

    Reset mode starts every image from rest. ``continuous`` goes on, from ``state`` if given: voltages, currents and
    spikes on their way last from image to image, as on the chip. ``windows`` are (start, stop) in steps, from 0, stop
    excluded. ``record`` names the layers whose spikes are kept. Raises UserError for what cannot be run.
    """
    names = [layer.name for layer in program.host_layers]
    images = [dict(zip(names, drives, strict=True)) for drives in zip(*(drives_hz[n] for n in names), strict=True)]
    results = stream(
        program, images, steps, threads=threads, windows=windows, continuous=continuous, state=state, record=record
    )
    return list(results)


def stream(
    program: Program,
    images: Iterable[Drives],
    steps: int | None = None,
    *,
    threads: int | None = None,
    windows: Windows = (),
    continuous: bool = False,
    state: EmulatorState | None = None,
    record: Sequence[str] = (),
) -> Iterator[Presentation]:
    """As ``run``, one result after another, in order; each of ``images`` maps host populations to drives (neurons,).

    ``images`` is read only a few ahead. The threads share the layers of one image after another in continuous mode and
    for a list of fewer images than threads; otherwise each has an image of its own.
    """
    steps = program.timesteps if steps is None else steps
    threads = threads or os.cpu_count() or 1
    check(program, steps, windows, record)
    share = continuous or (isinstance(images, Sequence) and len(images) < threads)
    with ThreadPoolExecutor(threads) as pool:
        if share:
            helpers = pool if threads > 1 else None
            before = (state or rest(program)) if continuous else None
            for drives in images:
                result = present(program, drives, steps, windows, record, before, helpers, threads)
                before = result.state
                yield result
            return
        waiting: deque[Future[Presentation]] = deque()
        for drives in images:
            waiting.append(pool.submit(present, program, drives, steps, windows, record))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def check(program: Program, steps: int, windows: Windows, record: Sequence[str]) -> None:
    """Refuses what cannot be run, all problems at once."""
    problems = [f"{steps} time steps: at least 1 is needed"] if steps < 1 else []
    for start, stop in windows:
        if not 0 <= start < stop <= steps:
            problems.append(f"readout window {start} to {stop}: 0 <= start < stop <= {steps} time steps is needed")
    known = [layer.name for layer in program.layers]
    for name in record:
        if name not in known:
            problems.append(f"no layer {name!r} to record: the network has {', '.join(known)}")
    if problems:
        raise UserError(problems)


def present(
    program: Program,
    drives: Drives,
    steps: int,
    windows: Windows = (),
    record: Sequence[str] = (),
    state: EmulatorState | None = None,
    pool: Executor | None = None,
    threads: int = 1,
) -> Presentation:
    """One image, layer after layer, from rest without ``state``; a layer's spikes go once its last target has run."""
    after = EmulatorState({}, {}, {}) if state is not None else None
    spikes: dict[str, Spikes] = {}
    result = Presentation({}, {}, {}, after)
    stops = np.array([*(stop for _, stop in windows), steps], np.int64)
    synops = {layer.name: np.zeros_like(stops) for layer in program.layers}
    last_target = {source: layer.name for layer in program.chip_layers for source in layer.links.sources}
    for layer in program.layers:
        overflow = np.zeros(4, np.int64)
        arriving = silence(layer) if state is None else state.arriving[layer.name]
        if isinstance(layer, HostLayer):
            sweep = _host(layer, drives, steps, arriving, state, after)
        elif isinstance(layer, ChipLayer):
            sweep = _chip(layer, spikes, steps, arriving, state, after)
        fired = _swept(sweep, layer, steps, overflow, pool, threads)
        spikes[layer.name] = fired
        spikes = {name: s for name, s in spikes.items() if last_target.get(name, layer.name) != layer.name}
        result.counts[layer.name], caused = layer_events(layer, fired, stops, synops[layer.name], overflow)
        for target, added in caused.items():
            synops[target] += added
        if layer.name in program.readouts:
            in_windows = [_count(layer, fired, *window) for window in windows]
            result.readouts[layer.name] = np.array(in_windows, np.int32).reshape(len(windows), layer.neurons)
        if layer.name in record:
            result.spikes[layer.name] = fired
        if after is not None:
            after.arriving[layer.name] = fired.last()
    return result


def _count(layer: Layer, spikes: Spikes, first: int, last: int) -> Int32:
    """Spikes of each neuron in steps ``first`` to ``last``, shape (neurons,)."""
    counts = np.zeros(layer.neurons, np.int32)
    spike_counts.count_spikes(spikes.of(layer), layer.row_length, counts, first, last)
    return counts


def _host(
    layer: HostLayer,
    drives: Drives,
    steps: int,
    arriving: Spikes,
    state: EmulatorState | None,
    after: EmulatorState | None,
) -> Sweep:
    voltage = np.zeros(layer.neurons) if state is None else state.voltage[layer.name].astype(np.float64)
    if after is not None:
        after.voltage[layer.name] = voltage
    drive_hz = np.ascontiguousarray(drives[layer.name], np.float64)
    neurons = HostNeurons(layer.strips, layer.shift, layer.row_length, layer.dt_s, layer.onset_step, drive_hz, voltage)
    carried = _carried(arriving)

    def sweep(first: int, last: int, room: Room) -> int:
        return int(host.run_host(first, last, steps, neurons, carried, room))

    return sweep


def _chip(
    layer: ChipLayer,
    spikes: Mapping[str, Spikes],
    steps: int,
    arriving: Spikes,
    state: EmulatorState | None,
    after: EmulatorState | None,
) -> Sweep:
    shape = (layer.shape[0], layer.row_stride)
    current = np.zeros(shape, np.int32) if state is None else state.current[layer.name].astype(np.int32)
    voltage = np.zeros(shape, np.int32) if state is None else state.voltage[layer.name].astype(np.int32)
    if after is not None:
        after.current[layer.name], after.voltage[layer.name] = current, voltage
    neurons, incoming, carried = _neurons(layer), _incoming(layer.links, spikes), _carried(arriving)
    potentials = Potentials(current.ravel(), voltage.ravel())

    def sweep(first: int, last: int, room: Room) -> int:
        return int(kernels.run_strips(first, last, steps, neurons, incoming, carried, potentials, room))

    return sweep


def _neurons(layer: ChipLayer) -> Neurons:
    bias_step = layer.row_stride if len(layer.bias) > 1 else 0
    flat = (layer.vth.ravel(), layer.vmin.ravel(), layer.bias.ravel())
    return Neurons(layer.strips, layer.shift, layer.row_stride, layer.decay, *flat, bias_step)


def _incoming(links: Links, spikes: Mapping[str, Spikes]) -> Incoming:
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
    )


def _sources(links: Links, spikes: Mapping[str, Spikes]) -> EventLists:
    """The events of all sources one after another, and the bounds of every link's lists."""
    names = list(dict.fromkeys(links.sources))
    events = [spikes[name].events for name in names]
    begin = dict(zip(names, np.cumsum([0, *map(len, events)]).tolist(), strict=False))
    bounds = [(spikes[name].pointer + begin[name]).ravel() for name in links.sources]
    joined = events[0] if len(events) == 1 else np.concatenate([np.zeros(0, np.int32), *events])
    return EventLists(joined, np.concatenate([np.zeros(0, np.int64), *bounds]))


def _carried(arriving: Spikes) -> EventLists:
    """The events on their way: list s are those of strip s."""
    return EventLists(arriving.events, np.append(arriving.pointer[:, 0], arriving.pointer[-1, 1]))


def _swept(sweep: Sweep, layer: Layer, steps: int, overflow: Int64, pool: Executor | None, threads: int) -> Spikes:
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
        out, bounds = np.empty(room, np.int32), np.empty((last - first, steps + 2), np.int64)
        stop = sweep(first, last, Room(out, bounds, overflow))
        if stop > first:
            parts.append((out[: bounds[stop - first - 1, -1]], bounds[: stop - first]))
        first, room = stop, room * 2
    return parts
