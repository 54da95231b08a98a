"""What a layer's spikes cause, in all, up to given steps, and on each core in each step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deploy.arrays import Int32, Int64
from deploy.events.busiest import Loads

from . import spike_counts
from .arguments import Routes
from .program import ChipLayer, Layer
from .results import LayerEvents, Spikes


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
    place, width = _places(layer, len(lines))
    ascending, order = np.unique(stops, return_inverse=True)
    counts = np.zeros((len(ascending), len(lines)), np.int32)
    spike_counts.count_until(fired.of(layer), place, width, counts, ascending)
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
    place, width = _places(layer, found.lines)
    spike_counts.add_loads(fired.of(layer), place, width, layer.row_length, routes, loads.sent, loads.received)


def _places(layer: Layer, lines: int) -> tuple[Int32, int]:
    """The line of each place of a row among those of its row, and how many a row has."""
    width = lines // layer.shape[0]
    return np.arange(layer.row_length, dtype=np.int32) // (layer.row_length // width), width
