"""Events of a run from each neuron's number of spikes, by the network's geometry."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from convert.network import Network, Projection
from deploy.targets.registry import Job, LayerCounts
from partition.core.synapse_lists import weights_of_spike
from partition.geometry.links import chip_links
from partition.result import Partition
from partition.traffic.unicast import traffic


def fanout(network: Network, partition: Partition, population: str) -> NDArray[np.int64]:
    """The weights that a spike of each neuron of ``population`` adds on the chip, shape (neurons,)."""
    shape = network.shape_of(population)
    total = np.zeros(shape, dtype=np.int64)
    for link in chip_links(network):
        if link.source == population:
            total += weights_of_spike(link, partition.tiles[link.target], partition.packing(link.target))
    return total.ravel()


def layer_counts(job: Job, spikes: Mapping[str, NDArray[np.int64]]) -> dict[str, LayerCounts]:
    """Counts of every population from the number of spikes of each neuron, shape (neurons,), by population.

    Synops belong to the population that receives them and to the input whose spikes cause them, those of its last step
    included.
    """
    network = job.network
    chips = np.array([block.chip for block in job.partition.blocks])
    synops = dict.fromkeys((p.name for p in network.populations), 0)
    for projection in network.projections:
        if projection.target in synops and projection.source in spikes:
            synops[projection.target] += _synops(job, projection, spikes[projection.source])
    sent, crossing = _messages(job, spikes, chips)
    return {
        p.name: LayerCounts(
            spikes=int(spikes[p.name].sum()),
            synops=synops[p.name] if p.on_chip else 0,
            neuron_updates=job.partition.compartments(p.name) * network.timesteps if p.on_chip else 0,
            messages=sent[p.name],
            interchip_messages=crossing[p.name],
        )
        for p in network.populations
    }


def _synops(job: Job, projection: Projection, spikes: NDArray[np.int64]) -> int:
    only = job.network.with_(projections=(projection,))
    return int(fanout(only, job.partition, projection.source) @ spikes.ravel())


def _messages(
    job: Job, spikes: Mapping[str, NDArray[np.int64]], chips: NDArray[np.int64]
) -> tuple[dict[str, int], dict[str, int]]:
    """Messages, and those between chips, by the population that sends them."""
    network = job.network
    sent, crossing = {}, {}
    links = chip_links(network)
    for population in network.populations:
        silent = {p.name: np.zeros(p.shape) for p in network.populations}
        rates = {**silent, population.name: spikes[population.name].reshape(population.shape) / network.dt_s}
        graph = traffic(network, [x for x in links if x.source == population.name], job.partition.tiles, rates)
        sent[population.name] = round(graph.total if population.on_chip else graph.host)
        crossing[population.name] = round(graph.interchip(chips)) if population.on_chip else 0
    return sent, crossing
