"""Events of a run from each neuron's number of spikes, by what a spike of each neuron causes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from deploy.arrays import Int64
from deploy.targets.registry import Job, LayerCounts

from .fan_out import Fanout


def layer_counts(job: Job, tables: Mapping[str, Fanout], spikes: Mapping[str, Int64]) -> dict[str, LayerCounts]:
    """Counts of every population from the number of spikes of each neuron, shape (neurons,), by population.

    ``tables`` are the network's ``fanouts``. Synops belong to the population that receives them and to the input whose
    spikes cause them, those of its last step included.
    """
    sums = {name: tables[name].caused_by(fired) for name, fired in spikes.items()}
    synops = dict.fromkeys((p.name for p in job.network.populations), 0)
    for caused in sums.values():
        for target, added in caused.synops.items():
            synops[target] += added
    return {
        p.name: LayerCounts(
            spikes=int(np.sum(spikes[p.name])),
            synops=synops[p.name],
            neuron_updates=job.partition.compartments(p.name) * job.network.timesteps if p.on_chip else 0,
            messages=sums[p.name].messages,
            interchip_messages=sums[p.name].interchip,
        )
        for p in job.network.populations
    }
