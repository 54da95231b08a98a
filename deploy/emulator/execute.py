"""Images through a ``Program``: several at once, or the strips of one image's layers shared between the cores."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import numpy as np

from convert.errors import UserError
from deploy.arrays import Int32, Int64

from . import spike_counts
from .beforehand import Beforehand, known_beforehand
from .counting import Counting
from .fitting import check_fit
from .loops import looped
from .program import ChipLayer, EventLayer, HostLayer, Layer, Program
from .replay import sent_on
from .results import EmulatorState, Presentation, Spikes, rest, silence
from .sweeps import Drives, chip_sweep, host_sweep, swept

Windows = Sequence[tuple[int, int]]


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
    by_core: bool = True,
) -> list[Presentation]:
    """Presents each image for ``steps`` steps, the network's own number without it.

    ``drives_hz`` have shape (images, neurons), or events to be sent on, (images, steps, neurons); a host population
    that no image drives may be left out.

    Reset mode starts every image from rest. ``continuous`` goes on, from ``state`` if given: voltages, currents and
    spikes on their way last from image to image, as on the chip. ``windows`` are (start, stop) in steps, from 0, stop
    excluded. ``record`` names the layers whose spikes are kept. ``by_core`` counts what keeps the busiest cores busy,
    which takes a tenth of the time more. Raises UserError for what cannot be run.
    """
    images = [dict(zip(drives_hz, drives, strict=True)) for drives in zip(*drives_hz.values(), strict=True)]
    results = stream(
        program,
        images,
        steps,
        threads=threads,
        windows=windows,
        continuous=continuous,
        state=state,
        record=record,
        by_core=by_core,
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
    by_core: bool = True,
) -> Iterator[Presentation]:
    """As ``run``, one result after another, in order; each of ``images`` maps host populations to drives (neurons,).

    ``images`` is read only a few ahead. The threads share the layers of one image after another in continuous mode and
    for a list of fewer images than threads; otherwise each has an image of its own.
    """
    steps = program.timesteps if steps is None else steps
    threads = threads or os.cpu_count() or 1
    check(program, steps, windows, record)
    if state is not None and not continuous:
        raise UserError("reset mode starts every image from rest: leave out the state, or run with continuous=True")
    share = continuous or (isinstance(images, Sequence) and len(images) < threads)
    beforehand = None if continuous else known_beforehand(program, _stops(steps, windows), by_core=by_core)
    with ThreadPoolExecutor(threads) as pool:
        if share:
            helpers = pool if threads > 1 else None
            before = (state or rest(program)) if continuous else None
            for drives in images:
                shown = (drives, steps, windows, record, before, beforehand)
                result = present(program, *shown, helpers, threads, by_core=by_core)
                before = result.state
                yield result
            return
        waiting: deque[Future[Presentation]] = deque()
        for drives in images:
            shown = (drives, steps, windows, record, None, beforehand)
            waiting.append(pool.submit(present, program, *shown, by_core=by_core))
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
    beforehand: Beforehand | None = None,
    pool: Executor | None = None,
    threads: int = 1,
    *,
    by_core: bool = True,
) -> Presentation:
    """One image, layer after layer, from rest without ``state``; a layer's spikes go once its last target has run.

    Layers that reach each other run together. What is known ``beforehand``, of a presentation from rest, does not run,
    unless ``drives`` drives it otherwise.
    """
    check_fit(program, drives, state)
    if beforehand is None or state is not None or any(name in drives for name in beforehand.spikes):
        beforehand = Beforehand({}, Counting.none(program, _stops(steps, windows), by_core=by_core))
    after = EmulatorState({}, {}, {}) if state is not None else None
    spikes, counting = dict(beforehand.spikes), beforehand.counting.copy()
    readouts: dict[str, Int32] = {}
    recorded: dict[str, Spikes] = {}
    for group in program.together:
        if group.names[0] not in beforehand.spikes:
            overflow = counting.overflows(program, group.names)
            if group.loops:
                spikes |= looped(group.chip_layers, spikes, steps, state, after, overflow)
            else:
                (alone,) = group.layers
                spikes[alone.name] = _alone(alone, drives, spikes, steps, state, after, overflow, pool, threads)
            counting.add(program, group.layers, spikes)
        for layer in group.layers:
            name, fired = layer.name, spikes[layer.name]
            if name in program.readouts:
                readouts[name] = _read(layer, fired, windows)
            if name in record:
                recorded[name] = fired
            if after is not None:
                after.arriving[name] = fired.last()
        for name in group.names:
            for read in program.read_last_by.get(name, ()):
                del spikes[read]
    return Presentation(readouts, counting.events(program), counting.busiest(program), recorded, after)


def _stops(steps: int, windows: Windows) -> Int64:
    """The steps at which is counted: the ends of ``windows``, and the end."""
    return np.array([*(stop for _, stop in windows), steps], np.int64)


def _alone(
    layer: Layer,
    drives: Drives,
    spikes: Mapping[str, Spikes],
    steps: int,
    state: EmulatorState | None,
    after: EmulatorState | None,
    overflow: Mapping[str, Int64],
    pool: Executor | None,
    threads: int,
) -> Spikes:
    """The spikes of a layer that takes none of its own."""
    arriving = silence(layer) if state is None else state.arriving[layer.name]
    if isinstance(layer, EventLayer):
        return sent_on(layer, drives[layer.name], steps, arriving)
    if isinstance(layer, HostLayer):
        sweep = host_sweep(layer, layer.driven_by(drives), steps, arriving, state, after)
    else:
        assert isinstance(layer, ChipLayer)
        sweep = chip_sweep(layer, spikes, steps, arriving, state, after)
    return swept(sweep, layer, steps, overflow[layer.name], pool, threads)


def _read(layer: Layer, fired: Spikes, windows: Windows) -> Int32:
    """The spikes of each neuron in each of ``windows``, shape (windows, neurons)."""
    counts = np.zeros((len(windows), layer.neurons), np.int32)
    for in_window, (first, last) in zip(counts, windows, strict=True):
        spike_counts.count_spikes(fired.events, fired.pointer, layer.shift, layer.row_length, in_window, first, last)
    return counts
