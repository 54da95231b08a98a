"""The busiest core of each step: what keeps it busy says how long a step lasts.

A core's two pipelines work at the same time: one updates neurons and sends, the other receives messages and adds
weights. In each step one core's first takes longest and one core's second does; which of the two takes longer bounds
the step from below, both after each other bound it from above, but for queues in the mesh.
"""

from __future__ import annotations

import numpy as np

from deploy.arrays import Int32, Int64

BUSIEST = ("neuron_updates", "spikes", "messages_out", "messages_in", "synops", "conv_synops")
"""What is counted of the busiest pipelines: three events of one that sends, three of one that receives."""
LOADS = BUSIEST[1:]
"""What spikes do to each core in each step; updates are the same in all."""
PIPELINES = ("longer", "shorter")

NANOSECONDS = np.array([9.7, 30.0, 5.1, 16.0, 3.8, 3.1 - 3.8])
"""By which pipelines are compared: what SANA-FE's Loihi takes for each (``energy/devices.py``); conv synops are
synops."""


def busiest_until(loads: Int32, updates: Int64, stops: Int64) -> Int64:
    """The events of the busiest pipelines summed over the steps before each of ``stops``.

    Shape (stops, PIPELINES, BUSIEST). ``loads`` has shape (steps, cores, LOADS), ``updates`` (cores,), in each step.
    """
    steps = np.arange(len(loads))
    by_core = np.concatenate([np.broadcast_to(updates[:, None], (*loads.shape[:2], 1)), loads], axis=2)
    pipelines = np.zeros((2, len(loads), len(BUSIEST)), np.int64)
    for pipeline, events in enumerate((slice(0, 3), slice(3, 6))):
        busiest = (by_core[..., events] @ NANOSECONDS[events]).argmax(axis=1)
        pipelines[pipeline, :, events] = by_core[steps, busiest, events]
    longer = (pipelines @ NANOSECONDS).argmax(axis=0)
    ordered = np.stack([pipelines[longer, steps], pipelines[1 - longer, steps]], axis=1)
    return np.concatenate([np.zeros((1, *ordered.shape[1:]), np.int64), np.cumsum(ordered, axis=0)])[stops]
