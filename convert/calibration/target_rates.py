"""The firing rate that each population is to have at the percentile of its activations."""

from __future__ import annotations

from collections.abc import Sequence

from convert.frontends.original import Segment
from convert.network import INPUT

HOST_HZ = 990.0
"""Rate of the host's neurons at the percentile: they lose no overshoot, and cannot fire more than once in 1 ms."""


def target_rates(segments: Sequence[Segment], rates_hz: tuple[float, float]) -> dict[str, float]:
    """The rate that each population's percentile gets: from the larger of ``rates_hz`` at the first chip population
    down to the smaller at the last, by equal factors from layer to layer; ``HOST_HZ`` for the host's.

    A population that fires less than its sources takes smaller steps towards its threshold, and so loses less overshoot
    at a reset; what a hard reset distorts adds up over the layers, so every layer gets a share of that decrease.
    """
    depth = {INPUT: -1}
    for segment in segments:
        depth[segment.target] = 1 + max(depth[source] for source in segment.sources)
    chip = {s.target: depth[s.target] for s in segments if s.activation is None and INPUT not in s.sources}
    last = max(chip.values(), default=1)
    smallest, largest = rates_hz
    factor = (smallest / largest) ** (1 / max(1, last - 1))
    return {
        s.target: largest * factor ** (chip[s.target] - 1) if s.target in chip else HOST_HZ
        for s in segments
        if s.activation is None
    }
