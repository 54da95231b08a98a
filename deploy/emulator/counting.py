"""What a layer's spikes cause, in all, up to given steps, and on each core in each step."""

from __future__ import annotations

import numpy as np

from deploy.arrays import Int32, Int64
from deploy.events.busiest import Loads

from . import spike_counts
from .arguments import Routes
from .program import ChipLayer, Layer
from .results import LayerEvents, Spikes


def layer_events(
    layer: Layer, fired: Spikes, stops: Int64, synops: Int64, overflow: Int64
) -> tuple[LayerEvents, dict[str, Int64]]:
    """Counts of ``layer`` before each of ``stops``, the last of which is the end; the weights added in each target.

    ``synops``, shape (stops, 2), are those that arrive, all and those of shared kernels; so are the weights added.
    """
    lines = layer.fanout.lines
    place, width = _places(layer, len(lines))
    ascending, order = np.unique(stops, return_inverse=True)
    counts = np.zeros((len(ascending), len(lines)), np.int32)
    spike_counts.count_until(fired.of(layer), place, width, counts, ascending)
    sums = (counts.astype(np.float64) @ lines).astype(np.int64)  # whole numbers below 2^53: exact, and BLAS is fast
    spikes, messages, interchip, *caused = sums.cumsum(axis=0)[order].T
    updates = stops * (layer.compartments if isinstance(layer, ChipLayer) else 0)
    events = np.stack([spikes, synops[:, 0], updates, messages, interchip, synops[:, 1]], axis=1)
    *until, (a, b, c, d, e, f) = events.tolist()
    q, u, u2, v = overflow.tolist()
    total = LayerEvents(a, b, c, d, e, f, (q, u, u2, v), tuple(map(tuple, until)))
    targets = list(layer.fanout.synops)
    pairs = zip(caused[: len(targets)], caused[len(targets) :], strict=True)
    return total, {name: np.stack(pair, axis=1) for name, pair in zip(targets, pairs, strict=True)}


def add_loads(layer: Layer, fired: Spikes, loads: Loads) -> None:
    """Adds what the spikes of ``layer`` do to the cores in each step to ``loads``."""
    found = layer.fanout.deliveries
    routes = Routes(found.pointer, found.core, found.own, found.sending, found.receiving)
    place, width = _places(layer, found.lines)
    spike_counts.add_loads(fired.of(layer), place, width, layer.row_length, routes, loads.sent, loads.received)


def _places(layer: Layer, lines: int) -> tuple[Int32, int]:
    """The line of each place of a row among those of its row, and how many a row has."""
    width = lines // layer.shape[0]
    return np.arange(layer.row_length, dtype=np.int32) // (layer.row_length // width), width
