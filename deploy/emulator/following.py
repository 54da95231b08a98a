"""Images behind each other: the next one enters while those before it are still on their way through the layers.

All layers run through the steps of several images, one layer after another: what an image does in a layer lies in as
many steps as the network's period, from the first at which one of its spikes can arrive.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from convert.errors import UserError
from deploy.arrays import Int32, Int64

from . import spike_counts
from .counting import count, no_totals
from .program import TOGETHER, ChipLayer, HostLayer, Layer, Program
from .results import EmulatorState, LayerEvents, Presentation, Spikes, layer_events, silence
from .routes import COUNTED
from .sweeps import Drives, chip_sweep, host_sweep, swept

Windows = Sequence[tuple[int, int]]


def follow(
    program: Program,
    images: Iterable[Drives],
    *,
    threads: int | None = None,
    windows: Windows = (),
    together: int = TOGETHER,
) -> Iterator[Presentation]:
    """Presents ``images`` ``program.period`` steps after each other; one result for each, in order.

    ``windows`` are (start, stop) in steps from an image's first, stop excluded. ``together`` images follow each other;
    then the chip runs empty, and is as at first. Raises UserError for a network that has no period.
    """
    if program.period is None:
        raise UserError("in this network images cannot follow each other: convert the model with --follow")
    threads = threads or os.cpu_count() or 1
    waiting = iter(images)
    with ThreadPoolExecutor(threads) as pool:
        while some := list(islice(waiting, together)):
            yield from _behind_each_other(program, some, windows, pool if threads > 1 else None, threads)


@dataclass(frozen=True)
class _Timetable:
    """When images that follow each other every ``period`` steps are where."""

    first: Mapping[str, int]
    period: int
    images: int

    @property
    def steps(self) -> int:
        """Until the last image has left every layer."""
        return max(self.first.values()) + self.period * self.images

    def bounds(self, layer: Layer) -> Int64:
        """The first step of every image in a layer, and the one at which the last is over."""
        return np.asarray(self.first[layer.name] + self.period * np.arange(self.images + 1))


def _behind_each_other(
    program: Program, images: Sequence[Drives], windows: Windows, pool: Executor | None, threads: int
) -> list[Presentation]:
    assert program.period is not None
    times = _Timetable(program.first_steps, program.period, len(images))
    after = EmulatorState({}, {}, {})
    readouts: list[dict[str, Int32]] = [{} for _ in images]
    spikes: dict[str, Spikes] = {}
    totals, overflows = no_totals(program, len(images) + 1), np.zeros((len(program.layers), 4), np.int64)
    for layer, overflow in zip(program.layers, overflows, strict=True):
        if isinstance(layer, HostLayer):
            fired = _host_spikes(layer, images, times)
        else:
            assert isinstance(layer, ChipLayer)
            sweep = chip_sweep(layer, spikes, times.steps, silence(layer), None, after)
            fired = swept(sweep, layer, times.steps, overflow, pool, threads)
            assert not after.voltage[layer.name].any(), "a layer was not cleared"
        spikes[layer.name] = fired
        count(layer, fired, times.bounds(layer), program.routing, totals)
        if layer.name in program.readouts:
            for i, of_image in enumerate(readouts):
                of_image[layer.name] = _read(layer, fired, windows, i * times.period)
        for read in program.read_last_by.get(layer.name, ()):
            del spikes[read]
    counts = _by_image(program, totals[1:], overflows)
    return [Presentation(*result, None, {}) for result in zip(readouts, counts, strict=True)]


def _by_image(program: Program, totals: Int64, overflows: Int64) -> list[dict[str, LayerEvents]]:
    """Of each image the events of each layer; what overflows counts for the first."""
    assert program.period is not None
    counted = totals.reshape(len(totals), len(program.layers), len(COUNTED))
    counted[:, :, COUNTED.index("neuron_updates")] = program.period * program.compartments
    seen = np.zeros((len(totals), *overflows.shape), np.int64)
    seen[0] = overflows
    images = zip(counted.tolist(), seen.tolist(), strict=True)
    return [
        {name: layer_events([own], wrong) for name, own, wrong in zip(program.numbers, *image, strict=True)}
        for image in images
    ]


def _read(layer: Layer, fired: Spikes, windows: Windows, start: int) -> Int32:
    """The spikes in each of ``windows`` of the image that starts at step ``start``, shape (windows, neurons)."""
    counts = np.zeros((len(windows), layer.neurons), np.int32)
    for in_window, (first, last) in zip(counts, windows, strict=True):
        spike_counts.count_spikes(
            fired.events, fired.pointer, layer.shift, layer.row_length, in_window, start + first, start + last
        )
    return counts


def _host_spikes(layer: HostLayer, images: Sequence[Drives], times: _Timetable) -> Spikes:
    """What a host population fires for image after image, each from rest."""
    driven = replace(layer, onset_step=0, end_step=layer.end_step - layer.onset_step)
    found: list[Spikes] = []
    for drives in images:
        if found and layer.name not in drives:
            found.append(found[0])  # a drive of its own, the same for each
            continue
        sweep = host_sweep(driven, layer.driven_by(drives), times.period, silence(layer), None, None)
        found.append(swept(sweep, layer, times.period, np.zeros(4, np.int64), None, 1))
    strips = len(layer.strips)
    number = np.zeros((strips, times.steps + 1), np.int64)  # of list 0, which is empty, and of each step's
    for start, one in zip(times.bounds(layer), found, strict=False):
        number[:, start + 1 : start + 1 + times.period] = np.diff(one.pointer)[:, 1:]
    events = [one.events[one.pointer[s, 0] : one.pointer[s, -1]] for s in range(strips) for one in found]
    ends = np.cumsum(number, axis=1)
    offsets = np.cumsum([0, *ends[:-1, -1]])
    pointer = offsets[:, None] + np.concatenate([np.zeros((strips, 1), np.int64), ends], axis=1)
    return Spikes(np.concatenate(events), pointer)
