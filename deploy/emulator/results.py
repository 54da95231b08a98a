"""What a run gives back: spikes, counts and the state from which the next presentation goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from deploy.arrays import Int32, Int64

from .program import EventLayer, Layer, Program

OVERFLOWS = ("q0", "u", "u2", "vmax")
"""What ``LayerEvents.overflow`` counts: wraps of accumulator, current, and current + bias; voltages clipped above."""


@dataclass(frozen=True)
class Spikes:
    """The events of one layer: strip s, list t is ``events[pointer[s, t] : pointer[s, t + 1]]``.

    List 0 was fired by the presentation before, list t in step t = 1 ... ``steps``.
    """

    events: Int32
    pointer: Int64

    @property
    def steps(self) -> int:
        return int(self.pointer.shape[1]) - 2

    @property
    def fired(self) -> int:
        """Spikes of this presentation."""
        return int((self.pointer[:, -1] - self.pointer[:, 1]).sum())

    def last(self) -> Spikes:
        """Only the events of the last step, as list 0: what is still on its way when the next presentation starts."""
        return self.only(self.steps)

    def only(self, number: int) -> Spikes:
        """Only the events of list ``number``, as list 0."""
        parts = [self.events[a:b] for a, b in self.pointer[:, number : number + 2]]
        ends = np.cumsum([0, *(len(part) for part in parts)])
        return Spikes(np.concatenate(parts), np.stack([ends[:-1], ends[1:]], axis=1))

    def raster(self, layer: Layer) -> NDArray[np.bool_]:
        """Shape (steps, neurons): whether a neuron fired in a step."""
        raster = np.zeros((self.steps, layer.neurons), bool)
        for bounds in self.pointer:
            steps = np.repeat(np.arange(self.steps), np.diff(bounds)[1:])
            events = self.events[bounds[1] : bounds[-1]].astype(np.int64)
            raster[steps, (events >> layer.shift) * layer.row_length + (events & ((1 << layer.shift) - 1))] = True
        return raster


@dataclass(frozen=True)
class LayerEvents:
    """Counts of one layer and image: ``messages`` are what its spikes send, ``synops`` are what arrives and is added.

    ``interchip`` are those of the messages that leave the chip; a host layer's messages all come from the host.
    ``conv_synops`` are synops by shared kernels. ``overflow`` counts as ``OVERFLOWS`` names them. ``until`` has the
    first six before the end of each window.
    """

    spikes: int
    synops: int
    neuron_updates: int
    messages: int
    interchip: int
    conv_synops: int
    overflow: tuple[int, int, int, int]
    until: tuple[tuple[int, int, int, int, int, int], ...] = ()


def layer_events(counted: Iterable[Iterable[int]], overflow: Iterable[int]) -> LayerEvents:
    """From what is ``counted`` of a layer before each stop, in this order, the last of which is the end."""
    *until, (a, b, c, d, e, f) = ((a, b, c, d, e, f) for a, b, c, d, e, f in counted)
    q, u, u2, v = overflow
    return LayerEvents(a, b, c, d, e, f, (q, u, u2, v), tuple(until))


@dataclass(frozen=True)
class EmulatorState:
    """Everything that lasts from one presentation to the next, in continuous mode; arrays may be saved and loaded.

    ``current`` and ``voltage`` of a chip layer have shape (rows, padded row), ``voltage`` of a host layer is flat and
    float64; ``arriving`` holds the events of the last step.
    """

    current: dict[str, Int32]
    voltage: dict[str, NDArray[np.generic]]
    arriving: dict[str, Spikes]

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Flat, for ``numpy.savez``."""
        arrays: dict[str, NDArray[np.generic]] = {}
        for name, spikes in self.arriving.items():
            arrays |= {f"events/{name}": spikes.events, f"pointer/{name}": spikes.pointer}
        current = {f"current/{name}": value for name, value in self.current.items()}
        return arrays | current | {f"voltage/{name}": value for name, value in self.voltage.items()}


def state_from_arrays(arrays: Mapping[str, NDArray[np.generic]]) -> EmulatorState:
    """The state that ``EmulatorState.to_arrays`` flattened."""

    def named(kind: str) -> dict[str, NDArray[np.generic]]:
        return {key.partition("/")[2]: np.asarray(arrays[key]) for key in arrays if key.partition("/")[0] == kind}

    events, pointers = named("events"), named("pointer")
    arriving = {name: Spikes(events[name].astype(np.int32), pointers[name].astype(np.int64)) for name in events}
    return EmulatorState(
        {name: value.astype(np.int32) for name, value in named("current").items()}, named("voltage"), arriving
    )


@dataclass(frozen=True)
class Presentation:
    """One image: spike counts of the readouts' sources for each window, shape (windows, neurons); counts by layer.

    ``busiest`` has the events of the busiest cores before the end of each window and in all, shape (windows + 1,
    PIPELINES, BUSIEST). ``spikes`` has the layers asked for, ``state`` is what follows in continuous mode.
    """

    readouts: dict[str, Int32]
    counts: dict[str, LayerEvents]
    busiest: Int64 | None
    spikes: dict[str, Spikes] = field(repr=False)
    state: EmulatorState | None = field(repr=False, default=None)


def silence(layer: Layer) -> Spikes:
    """No events on their way."""
    return Spikes(np.zeros(0, np.int32), np.zeros((len(layer.strips), 2), np.int64))


def rest(program: Program) -> EmulatorState:
    """The state before the first image: all voltages and currents 0, no spike on its way."""
    chip = {layer.name: np.zeros((layer.shape[0], layer.row_stride), np.int32) for layer in program.chip_layers}
    encoding = [layer for layer in program.host_layers if not isinstance(layer, EventLayer)]
    voltage: dict[str, NDArray[np.generic]] = {layer.name: np.zeros(layer.neurons) for layer in encoding}
    voltage |= {name: value.copy() for name, value in chip.items()}
    return EmulatorState(chip, voltage, {layer.name: silence(layer) for layer in program.layers})
