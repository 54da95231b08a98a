"""What a layer's spikes cause, in all, up to given steps, and on each core in each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from deploy.arrays import Int64
from deploy.events.busiest import Loads, busiest_until

from . import memory, spike_counts
from .program import ChipLayer, Layer, Program
from .results import LayerEvents, Spikes
from .routes import Routing

NO_CORES = np.zeros((0, 0), np.int64)

OFTEN = 16
"""A layer whose groups fire in one of so many steps, or more often, is counted by group."""

ROOM = 2**18
"""Groups times steps that are counted at a time: 1 MB."""


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

    ``layers`` are those that have run; ``synops`` arrive at each layer of the program, shape (stops, 2): all, and those
    of shared kernels. ``loads`` are None where cores are not counted. It grows from layer to layer.
    """

    stops: Stops
    layers: dict[str, LayerEvents]
    synops: dict[str, Int64]
    routing: Routing
    loads: Loads | None

    @classmethod
    def none(cls, program: Program, stops: Int64, *, by_core: bool) -> Counting:
        """Before the first layer."""
        synops = {layer.name: np.zeros((len(stops), 2), np.int64) for layer in program.layers}
        routing, steps = program.routing, int(stops[-1])
        loads = Loads.none(steps, len(program.updates), routing.receivers) if by_core else None
        return cls(Stops.of(stops), {}, synops, routing, loads)

    def copy(self) -> Counting:
        """One that grows on its own."""
        synops = {name: counted.copy() for name, counted in self.synops.items()}
        loads = None if self.loads is None else self.loads.copy()
        return Counting(self.stops, dict(self.layers), synops, self.routing, loads)

    def add(self, layers: Sequence[Layer], spikes: Mapping[str, Spikes], overflow: Mapping[str, Int64]) -> None:
        """What ``layers`` fired, one layer or all that reach each other; every layer before them has been added."""
        routing, stops = self.routing, self.stops
        tallies = {layer.name: tallied(layer, spikes[layer.name], stops, routing, self.loads) for layer in layers}
        for tally in tallies.values():
            for target, added in tally.synops.items():
                self.synops[target] += added
        for layer in layers:
            name = layer.name
            self.layers[name] = layer_events(layer, tallies[name], self.stops.all, self.synops[name], overflow[name])

    def busiest(self, program: Program) -> Int64 | None:
        """The events of the busiest cores before each of ``stops``."""
        if self.loads is None:
            return None
        return busiest_until(self.loads, program.updates, self.stops.all, spike_counts.busiest_cores)


@dataclass(frozen=True)
class Tally:
    """What a layer's spikes are and cause before each of some steps, shape (stops,).

    ``synops`` by target, shape (stops, 2): all, and those of shared kernels.
    """

    spikes: Int64
    messages: Int64
    interchip: Int64
    synops: dict[str, Int64]


def tallied(layer: Layer, fired: Spikes, stops: Stops, routing: Routing, loads: Loads | None = None) -> Tally:
    """What the spikes of ``layer`` before each of ``stops`` cause; adds what they do to the cores to ``loads``."""
    groups, routes = layer.groups, routing.routes[layer.name]
    number, steps = len(groups.line), int(stops.ascending[-1])
    counts = np.zeros((len(stops.ascending), number), np.int32)
    of_cores = (NO_CORES, NO_CORES) if loads is None else (loads.sent, loads.received)
    given = (fired.of(layer), groups, routes, stops.ascending, counts, *of_cores)
    if loads is None or fired.fired * OFTEN < number * steps:
        spike_counts.count_events(*given)
    else:
        at_once = max(1, min(steps, ROOM // number))
        spike_counts.count_groups(*given, memory.room(number * at_once)[: number * at_once].reshape(number, at_once))
    sums = spike_counts.caused(counts, layer.counted).cumsum(axis=0)[stops.order]
    spikes, messages, interchip = sums[:, :3].T
    synops = {name: sums[:, 3 + 2 * n : 5 + 2 * n] for n, name in enumerate(layer.fanout.synops)}
    return Tally(spikes, messages, interchip, synops)


def layer_events(layer: Layer, tally: Tally, stops: Int64, synops: Int64, overflow: Int64) -> LayerEvents:
    """Counts of ``layer`` before each of ``stops``, the last of which is the end.

    ``synops``, shape (stops, 2), are those that arrive, all and those of shared kernels.
    """
    updates = stops * (layer.compartments if isinstance(layer, ChipLayer) else 0)
    of_layer = (tally.spikes, synops[:, 0], updates, tally.messages, tally.interchip, synops[:, 1])
    *until, (a, b, c, d, e, f) = zip(*(column.tolist() for column in of_layer), strict=True)
    q, u, u2, v = overflow.tolist()
    return LayerEvents(a, b, c, d, e, f, (q, u, u2, v), tuple(until))
