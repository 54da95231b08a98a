"""The busiest core of each step: what keeps it busy says how long a step lasts.

A core's two pipelines work at the same time: one updates neurons and sends, the other receives messages and adds
weights. In each step one core's first takes longest and one core's second does, the core of the lowest number where
several take as long; which of the two takes longer bounds the step from below, both after each other bound it from
above, but for queues in the mesh.
"""

from __future__ import annotations

BUSIEST = ("neuron_updates", "spikes", "messages_out", "messages_in", "synops", "conv_synops")
"""What is counted of the busiest pipelines: three events of one that sends, three of one that receives."""
PIPELINES = ("longer", "shorter")

TENTHS_NS = (97, 300, 51, 160, 38, 31 - 38)
"""By which pipelines are compared, in tenths of nanoseconds: what SANA-FE's Loihi takes for each
(``energy/devices.py``); conv synops are synops. Whole numbers, so that equal times are equal."""
