"""What the layers' spikes are and cause, in all, up to given steps, and on the busiest cores of each step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from deploy.arrays import Int64

from . import memory, spike_counts
from .arguments import Loads
from .busiest_cores import SENDER, busiest_until
from .program import Layer, Program
from .results import OVERFLOWS, LayerEvents, Spikes, layer_events
from .routes import COUNTED, Routing

NO_LOADS = Loads(np.zeros((0, 0), np.int64), np.zeros((len(SENDER), 0), np.int64), np.zeros(0, np.int32))
"""Where cores are not counted."""


@dataclass(frozen=True)
class Stops:
    """The steps before which is counted, in any order, several alike: ``all`` is ``ascending[order]``."""

    all: Int64
    ascending: Int64
    order: Int64

    @classmethod
    def of(cls, steps: Int64) -> Stops:
        ascending, order = np.unique(steps, return_inverse=True)
        return cls(steps, ascending, order.ravel())


@dataclass(frozen=True)
class Counting:
    """What the layers of a presentation have caused so far before each of ``stops``, the last of which is its end.

    ``totals``, shape (stops, layers x COUNTED), are those from stop to stop, in ascending order; ``overflow``, shape
    (layers, 4), is counted while they run. ``loads`` are None where cores are not counted. It grows layer by layer, and
    does not hold its program, which may be forgotten while counts are kept.
    """

    stops: Stops
    totals: Int64
    overflow: Int64
    loads: Loads | None

    @classmethod
    def none(cls, program: Program, stops: Int64, *, by_core: bool) -> Counting:
        """Before the first layer."""
        loads = no_loads(program, int(stops[-1])) if by_core else None
        known, overflow = Stops.of(stops), np.zeros((len(program.layers), len(OVERFLOWS)), np.int64)
        return cls(known, no_totals(program, len(known.ascending)), overflow, loads)

    def copy(self) -> Counting:
        """One that grows on its own."""
        loads = self.loads and Loads(
            self.loads.received.copy(), self.loads.sender.copy(), memory.room(len(self.loads.room))
        )
        return Counting(self.stops, self.totals.copy(), self.overflow.copy(), loads)

    def overflows(self, program: Program, names: Iterable[str]) -> dict[str, Int64]:
        """Where those of each layer are counted."""
        return {name: self.overflow[program.numbers[name]] for name in names}

    def add(self, program: Program, layers: Iterable[Layer], spikes: Mapping[str, Spikes]) -> None:
        """What ``layers`` fired."""
        for layer in layers:
            count(layer, spikes[layer.name], self.stops.ascending, program.routing, self.totals, self.loads)

    def events(self, program: Program) -> dict[str, LayerEvents]:
        """Those of each layer."""
        layers, stops = len(program.layers), self.stops
        counted = self.totals.cumsum(axis=0)[stops.order].reshape(len(stops.all), layers, len(COUNTED))
        counted[:, :, COUNTED.index("neuron_updates")] = stops.all[:, None] * program.compartments
        each = zip(program.numbers, counted.swapaxes(0, 1).tolist(), self.overflow.tolist(), strict=True)
        return {name: layer_events(of_layer, seen) for name, of_layer, seen in each}

    def busiest(self, program: Program) -> Int64 | None:
        """The events of the busiest cores before each of ``stops``."""
        if self.loads is None:
            return None
        loads, stops = self.loads, self.stops
        found: Int64 = busiest_until(loads.received, loads.sender, program.updates, stops.ascending)
        return found[stops.order]


def no_totals(program: Program, stops: int) -> Int64:
    return np.zeros((stops, len(program.layers) * len(COUNTED)), np.int64)


def no_loads(program: Program, steps: int) -> Loads:
    """Those of no spikes."""
    routing = program.routing
    rooms = 2 * routing.cores * steps + np.maximum(
        routing.groups, np.minimum(routing.groups * steps, spike_counts.ROOM)
    )
    received = np.zeros((routing.receivers, steps), np.int64)
    return Loads(received, np.full((len(SENDER), steps), -1, np.int64), np.empty(rooms.max(), np.int32))


def count(
    layer: Layer, fired: Spikes, stops: Int64, routing: Routing, totals: Int64, loads: Loads | None = None
) -> None:
    """Adds what the spikes of ``layer`` before each of ``stops``, ascending, are and cause, and do to cores."""
    name = layer.name
    of_event, tables = routing.of_event[name], routing.tables[name]
    spike_counts.count(fired.events, fired.pointer, of_event, tables, stops, totals, loads or NO_LOADS)
