"""The loops that find the busiest cores, as ``events/busiest.py`` says."""

from __future__ import annotations

import numpy as np

from deploy.arrays import Int64, UInt16, UInt32
from deploy.events.busiest import BUSIEST, TENTHS_NS

from .numba_jit import compiled, inlined

SENDER = ("tenths_ns", "core", "spikes", "messages")
"""What is noted of the core that takes longest to update and to send."""

EVENTS = len(BUSIEST)
UPDATE, SPIKE, MESSAGE_OUT, MESSAGE_IN, SYNOP, CONV_SYNOP = TENTHS_NS
MESSAGE_BITS, SYNOP_BITS = 16, 24
"""Of a core in a step: at most 4096 axons and 1024 weights for each of these; so that messages, synops and conv synops
add up as one number, which halves the time of counting."""
MESSAGE_MASK, SYNOP_MASK, CONV_SHIFT = (1 << MESSAGE_BITS) - 1, (1 << SYNOP_BITS) - 1, MESSAGE_BITS + SYNOP_BITS


@compiled
def note_sender(cores: Int64, updates: Int64, spikes: UInt16, messages: UInt32, sender: Int64) -> None:
    """Notes in ``sender``, shape (SENDER, steps), which of these and earlier cores takes longest in each step."""
    found, longest = np.zeros(spikes.shape[1], np.int64), np.full(spikes.shape[1], -1, np.int64)
    for n in range(cores.size):
        own = updates[n] * UPDATE
        for t in range(spikes.shape[1]):
            taken = own + np.int64(spikes[n, t]) * SPIKE + np.int64(messages[n, t]) * MESSAGE_OUT
            longer = taken > longest[t]
            longest[t] = taken if longer else longest[t]
            found[t] = n if longer else found[t]
    for t in range(spikes.shape[1] if cores.size > 0 else 0):
        core = cores[found[t]]
        if longest[t] > sender[0, t] or (longest[t] == sender[0, t] and core < sender[1, t]):
            sender[0, t], sender[1, t] = longest[t], core
            sender[2, t], sender[3, t] = spikes[found[t], t], messages[found[t], t]


@compiled
def busiest_until(received: Int64, sender: Int64, updates: Int64, stops: Int64) -> Int64:
    """The events of the busiest pipelines summed over the steps before each of ``stops``, ascending.

    Shape (stops, PIPELINES, BUSIEST); ``received`` is packed, shape (receivers, steps), ``updates`` are those of all
    cores.
    """
    found = busiest_receivers(received)
    until = np.zeros((stops.size, 2, EVENTS), np.int64)
    n = 0
    for t in range(stops[-1]):
        while t >= stops[n]:
            n += 1
            until[n] = until[n - 1]
        load = received[found[t], t]
        sends_longer = sender[0, t] >= taken_to_receive(load)
        sending, receiving = (0, 1) if sends_longer else (1, 0)
        until[n, sending, 0] += updates[sender[1, t]]
        until[n, sending, 1] += sender[2, t]
        until[n, sending, 2] += sender[3, t]
        until[n, receiving, 3] += load & MESSAGE_MASK
        until[n, receiving, 4] += load >> MESSAGE_BITS & SYNOP_MASK
        until[n, receiving, 5] += load >> CONV_SHIFT
    return until


@compiled
def busiest_receivers(received: Int64) -> Int64:
    """The receiver that takes longest in each step."""
    found, longest = np.zeros(received.shape[1], np.int64), np.full(received.shape[1], -1, np.int64)
    for receiver in range(len(received)):
        for t in range(received.shape[1]):
            taken = taken_to_receive(received[receiver, t])
            longer = taken > longest[t]
            longest[t] = taken if longer else longest[t]
            found[t] = receiver if longer else found[t]
    return found


@inlined
def taken_to_receive(load: int) -> int:
    """Tenths of nanoseconds for what is packed."""
    messages, synops = load & MESSAGE_MASK, load >> MESSAGE_BITS & SYNOP_MASK
    return messages * MESSAGE_IN + synops * SYNOP + (load >> CONV_SHIFT) * CONV_SYNOP
