"""What a layer's spikes cause, in all and up to given steps, in one pass over them."""

from __future__ import annotations

import numpy as np

from deploy.arrays import Int64

from . import spike_counts
from .program import ChipLayer, Layer
from .results import LayerEvents, Spikes


def layer_events(
    layer: Layer, fired: Spikes, stops: Int64, synops: Int64, overflow: Int64
) -> tuple[LayerEvents, dict[str, Int64]]:
    """Counts of ``layer`` before each of ``stops``, the last of which is the end; the weights added in each target.

    ``synops``, shape (stops,), are those that arrive; the weights added are by ``stops``, too.
    """
    lines = layer.fanout.lines
    width = len(lines) // layer.shape[0]
    place = np.arange(layer.row_length, dtype=np.int32) // (layer.row_length // width)
    ascending, order = np.unique(stops, return_inverse=True)
    counts = np.zeros((len(ascending), len(lines)), np.int32)
    spike_counts.count_until(fired.of(layer), place, width, counts, ascending)
    sums = (counts.astype(np.float64) @ lines).astype(np.int64)  # whole numbers below 2^53: exact, and BLAS is fast
    spikes, messages, interchip, *caused = sums.cumsum(axis=0)[order].T
    updates = stops * (layer.compartments if isinstance(layer, ChipLayer) else 0)
    events = np.stack([spikes, synops, updates, messages, interchip], axis=1)
    *until, (a, b, c, d, e) = events.tolist()
    q, u, u2, v = overflow.tolist()
    total = LayerEvents(a, b, c, d, e, (q, u, u2, v), tuple(map(tuple, until)))
    return total, dict(zip(layer.fanout.synops, caused, strict=True))
