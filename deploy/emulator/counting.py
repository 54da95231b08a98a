"""What a layer's spikes cause, in all, up to given steps, and on each core in each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from deploy.arrays import Int64
from deploy.events.busiest import Loads, busiest_until

from . import spike_counts
from .arguments import Routes
from .program import ChipLayer, Layer, Program
from .results import LayerEvents, Spikes


@dataclass(frozen=True)
class Counting:
    """What the layers of a presentation have caused so far before each of ``stops``, the last of which is its end.

    ``layers`` are those that have run; ``synops`` arrive at each layer of the program, shape (stops, 2): all, and those
    of shared kernels. ``loads`` are None where cores are not counted. It grows from layer to layer.
    """

    stops: Int64
    layers: dict[str, LayerEvents]
    synops: dict[str, Int64]
    loads: Loads | None

    @classmethod
    def none(cls, program: Program, stops: Int64, *, by_core: bool) -> Counting:
        """Before the first layer."""
        synops = {layer.name: np.zeros((len(stops), 2), np.int64) for layer in program.layers}
        return cls(stops, {}, synops, Loads.none(int(stops[-1]), len(program.updates)) if by_core else None)

    def copy(self) -> Counting:
        """One that grows on its own."""
        synops = {name: counted.copy() for name, counted in self.synops.items()}
        return Counting(self.stops, dict(self.layers), synops, None if self.loads is None else self.loads.copy())

    def add(self, layers: Sequence[Layer], spikes: Mapping[str, Spikes], overflow: Mapping[str, Int64]) -> None:
        """What ``layers`` fired, one layer or all that reach each other; every layer before them has been added."""
        tallies = {layer.name: tallied(layer, spikes[layer.name], self.stops) for layer in layers}
        for tally in tallies.values():
            for target, added in tally.synops.items():
                self.synops[target] += added
        for layer in layers:
            name = layer.name
            if self.loads is not None:
                add_loads(layer, spikes[name], self.loads)
            self.layers[name] = layer_events(layer, tallies[name], self.stops, self.synops[name], overflow[name])

    def busiest(self, program: Program) -> Int64 | None:
        """The events of the busiest cores before each of ``stops``."""
        return None if self.loads is None else busiest_until(self.loads, program.updates, self.stops)


@dataclass(frozen=True)
class Tally:
    """What a layer's spikes are and cause before each of some steps, shape (stops,).

    ``synops`` by target, shape (stops, 2): all, and those of shared kernels.
    """

    spikes: Int64
    messages: Int64
    interchip: Int64
    synops: dict[str, Int64]


def tallied(layer: Layer, fired: Spikes, stops: Int64) -> Tally:
    """What the spikes of ``layer`` before each of ``stops`` cause."""
    lines = layer.fanout.lines
    ascending, order = np.unique(stops, return_inverse=True)
    counts = np.zeros((len(ascending), len(lines)), np.int32)
    spike_counts.count_until(fired.of(layer), *layer.counted_at, counts, ascending)
    sums = (counts.astype(np.float64) @ lines).astype(np.int64)  # whole numbers below 2^53: exact, and BLAS is fast
    spikes, messages, interchip, *caused = sums.cumsum(axis=0)[order].T
    targets = list(layer.fanout.synops)
    pairs = zip(caused[: len(targets)], caused[len(targets) :], strict=True)
    synops = {name: np.stack(pair, axis=1) for name, pair in zip(targets, pairs, strict=True)}
    return Tally(spikes, messages, interchip, synops)


def layer_events(layer: Layer, tally: Tally, stops: Int64, synops: Int64, overflow: Int64) -> LayerEvents:
    """Counts of ``layer`` before each of ``stops``, the last of which is the end.

    ``synops``, shape (stops, 2), are those that arrive, all and those of shared kernels.
    """
    updates = stops * (layer.compartments if isinstance(layer, ChipLayer) else 0)
    of_layer = (tally.spikes, synops[:, 0], updates, tally.messages, tally.interchip, synops[:, 1])
    *until, (a, b, c, d, e, f) = np.stack(of_layer, axis=1).tolist()
    q, u, u2, v = overflow.tolist()
    return LayerEvents(a, b, c, d, e, f, (q, u, u2, v), tuple(map(tuple, until)))


def add_loads(layer: Layer, fired: Spikes, loads: Loads) -> None:
    """Adds what the spikes of ``layer`` do to the cores in each step to ``loads``."""
    found = layer.fanout.deliveries
    routes = Routes(found.pointer, found.core, found.own, found.sending, found.receiving, *found.copies_sending)
    spike_counts.add_loads(fired.of(layer), *layer.delivered_at, layer.row_length, routes, loads.sent, loads.received)
