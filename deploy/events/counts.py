"""Events of a run from each neuron's number of spikes, by what a spike of each neuron causes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from convert.network import Network
from deploy.arrays import Int64
from partition.result import Partition

from .fan_out import Fanout

EVENTS = ("spikes", "synops", "neuron_updates", "messages", "interchip_messages", "conv_synops")
"""What is counted up to a step, in this order."""


@dataclass(frozen=True)
class LayerCounts:
    """Events of one population for one input, those of its copies too; None where a target does not count them.

    ``messages`` are spikes times the cores they go to, ``interchip_messages`` those to another chip (none for a host
    population: its messages come from the host). ``conv_synops`` are those of the synops whose weights are a kernel
    that pixels share. ``overflows`` are wraps of q0 and u and clips at vmax.
    """

    spikes: int
    synops: int | None = None
    neuron_updates: int | None = None
    messages: int | None = None
    interchip_messages: int | None = None
    conv_synops: int | None = None
    overflows: int | None = None


def layer_counts(
    network: Network, partition: Partition, tables: Mapping[str, Fanout], spikes: Mapping[str, Int64]
) -> dict[str, LayerCounts]:
    """Counts of every population from the number of spikes of each neuron, shape (neurons,), by population.

    ``tables`` are the network's ``fanouts``. Synops belong to the population that receives them and to the input whose
    spikes cause them, those of its last step included.
    """
    sums = {name: tables[name].caused_by(fired) for name, fired in spikes.items()}
    synops = dict.fromkeys((p.name for p in network.populations), 0)
    conv = dict(synops)
    for caused in sums.values():
        for target, added in caused.synops.items():
            synops[target] += added
            conv[target] += caused.conv_synops[target]
    return {
        p.name: LayerCounts(
            spikes=sums[p.name].spikes,
            synops=synops[p.name],
            neuron_updates=partition.compartments(p.name) * network.timesteps if p.on_chip else 0,
            messages=sums[p.name].messages,
            interchip_messages=sums[p.name].interchip,
            conv_synops=conv[p.name],
        )
        for p in network.populations
    }
