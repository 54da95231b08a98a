"""The busiest core of each step: what keeps it busy says how long a step lasts.

A core's two pipelines work at the same time: one updates neurons and sends, the other receives messages and adds
weights. In each step one core's first takes longest and one core's second does; which of the two takes longer bounds
the step from below, both after each other bound it from above, but for queues in the mesh.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deploy.arrays import Float64, Int64

BUSIEST = ("neuron_updates", "spikes", "messages_out", "messages_in", "synops", "conv_synops")
"""What is counted of the busiest pipelines: three events of one that sends, three of one that receives."""
PIPELINES = ("longer", "shorter")

NANOSECONDS = np.array([9.7, 30.0, 5.1, 16.0, 3.8, 3.1 - 3.8])
"""By which pipelines are compared: what SANA-FE's Loihi takes for each (``energy/devices.py``); conv synops are
synops."""

SPIKE_BITS, MESSAGE_BITS, SYNOP_BITS = 24, 16, 24
"""Of a core in a step: at most 1024 spikes, 4096 axons and 1024 weights for each of these; so that they add up as one
number, which halves the time of counting."""


@dataclass(frozen=True)
class Loads:
    """What spikes do in each step, packed as the functions below do: ``sent`` to the cores that send, (cores, steps),
    and ``received`` to those that receive, (receivers, steps), of which a core may stand for others."""

    sent: Int64
    received: Int64

    @classmethod
    def none(cls, steps: int, cores: int, receivers: int) -> Loads:
        return cls(np.zeros((cores, steps), np.int64), np.zeros((receivers, steps), np.int64))

    def copy(self) -> Loads:
        """One that grows on its own."""
        return Loads(self.sent.copy(), self.received.copy())


def packed_sending(spikes: Int64, messages: Int64) -> Int64:
    """Spikes and the messages that they send, as one number."""
    return spikes | messages << SPIKE_BITS


def packed_receiving(messages: Int64, synops: NDArray[np.integer], conv_synops: NDArray[np.integer]) -> Int64:
    """Messages that arrive and the weights that they add, as one number."""
    return (
        messages | synops.astype(np.int64) << MESSAGE_BITS | conv_synops.astype(np.int64) << MESSAGE_BITS + SYNOP_BITS
    )


def unpacked_sending(sent: Int64) -> tuple[Int64, Int64]:
    """Spikes and messages."""
    return sent & ((1 << SPIKE_BITS) - 1), sent >> SPIKE_BITS


def unpacked_receiving(received: Int64) -> tuple[Int64, Int64, Int64]:
    """Messages, synops and conv synops."""
    messages, synops = received & ((1 << MESSAGE_BITS) - 1), received >> MESSAGE_BITS & ((1 << SYNOP_BITS) - 1)
    return messages, synops, received >> (MESSAGE_BITS + SYNOP_BITS)


def busiest_cores(updates: Int64, sent: Int64, received: Int64, nanoseconds: Float64 = NANOSECONDS) -> Int64:
    """The core that sends longest in each step, and the receiver that takes longest, shape (2, steps)."""
    sender = _ns((updates[:, None], *unpacked_sending(sent)), nanoseconds[:3]).argmax(axis=0)
    receiver = _ns(unpacked_receiving(received), nanoseconds[3:]).argmax(axis=0)
    return np.stack([sender, receiver])


def busiest_until(
    loads: Loads, updates: Int64, stops: Int64, find: Callable[[Int64, Int64, Int64, Float64], Int64] = busiest_cores
) -> Int64:
    """The events of the busiest pipelines summed over the steps before each of ``stops``.

    Shape (stops, PIPELINES, BUSIEST). Each core makes its ``updates``, shape (cores,), in each step. ``find`` finds
    what ``busiest_cores`` does.
    """
    steps = np.arange(loads.sent.shape[1])
    sender, receiver = find(updates, loads.sent, loads.received, NANOSECONDS)
    pipelines = np.zeros((2, len(steps), len(BUSIEST)), np.int64)
    pipelines[0, :, :3] = np.stack([updates[sender], *unpacked_sending(loads.sent[sender, steps])], axis=1)
    pipelines[1, :, 3:] = np.stack(unpacked_receiving(loads.received[receiver, steps]), axis=1)
    longer = _ns(np.moveaxis(pipelines, -1, 0), NANOSECONDS).argmax(axis=0)
    ordered = np.stack([pipelines[longer, steps], pipelines[1 - longer, steps]], axis=1)
    return np.concatenate([np.zeros((1, *ordered.shape[1:]), np.int64), np.cumsum(ordered, axis=0)])[stops]


def _ns(counts: Iterable[Int64], nanoseconds: Float64) -> Float64:
    """Nanoseconds of ``counts``, one array for each event."""
    return np.asarray(sum(count * each for count, each in zip(counts, nanoseconds, strict=True)), np.float64)
