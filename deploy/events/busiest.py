"""The busiest core of each step: what keeps it busy says how long a step lasts.

A core's two pipelines work at the same time: one updates neurons and sends, the other receives messages and adds
weights. In each step one core's first takes longest and one core's second does, the core of the lowest number where
several take as long; which of the two takes longer bounds the step from below, both after each other bound it from
above, but for queues in the mesh.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deploy.arrays import Int64

BUSIEST = ("neuron_updates", "spikes", "messages_out", "messages_in", "synops", "conv_synops")
"""What is counted of the busiest pipelines: three events of one that sends, three of one that receives."""
PIPELINES = ("longer", "shorter")

TENTHS_NS = (97, 300, 51, 160, 38, 31 - 38)
"""By which pipelines are compared, in tenths of nanoseconds: what SANA-FE's Loihi takes for each (``energy/devices.py``); conv synops are
synops."""

MESSAGE_BITS, SYNOP_BITS = 16, 24
"""Of a core in a step: at most 4096 axons and 1024 weights for each of these; so that they add up as one number, which
halves the time of counting."""


def packed_receiving(messages: Int64, synops: NDArray[np.integer], conv_synops: NDArray[np.integer]) -> Int64:
    """Messages that arrive and the weights that they add, as one number."""
    return (
        messages | synops.astype(np.int64) << MESSAGE_BITS | conv_synops.astype(np.int64) << MESSAGE_BITS + SYNOP_BITS
    )


def unpacked_receiving(received: Int64) -> tuple[Int64, Int64, Int64]:
    """Messages, synops and conv synops."""
    messages, synops = received & ((1 << MESSAGE_BITS) - 1), received >> MESSAGE_BITS & ((1 << SYNOP_BITS) - 1)
    return messages, synops, received >> (MESSAGE_BITS + SYNOP_BITS)
