"""What a spike of each neuron causes: messages to cores, messages to other chips, synaptic operations.

A network's wiring is fixed, so its counts are sums over neurons of spikes times these tables: counting costs nothing
while the network runs. Spikes are counted when they are fired, those of the last step too, which arrive after it.
"""

from __future__ import annotations

import numpy as np

from convert.network import Network, Population
from deploy.emulator.program import Fanout, Int32, Int64
from partition.core.synapse_lists import weights_of_spike
from partition.geometry.blocks import block_of_neuron
from partition.geometry.links import Link, chip_links
from partition.result import Partition
from partition.traffic.multicast import cores_on_chips


def fanouts(network: Network, partition: Partition) -> dict[str, Fanout]:
    """The fan-out of every population."""
    links = chip_links(network)
    chips = {p.name: np.array([b.chip for b in partition.blocks_of(p.name)]) for p in network.chip_populations}
    return {
        p.name: _fanout(p, [link for link in links if link.source == p.name], partition, chips)
        for p in network.populations
    }


def _fanout(population: Population, links: list[Link], partition: Partition, chips: dict[str, Int64]) -> Fanout:
    own = None
    if population.on_chip:
        own = chips[population.name][block_of_neuron(population.shape, partition.tiles[population.name])]
        own = own.reshape(population.shape)
    messages, between = np.zeros(population.shape, np.int32), np.zeros(population.shape, np.int32)
    synops: dict[str, Int32] = {}
    for link in links:
        tile = partition.tiles[link.target]
        delivered = cores_on_chips(link, tile, chips[link.target])
        added = weights_of_spike(link, tile, partition.packing(link.target)).astype(np.int32)
        messages += delivered.sum(axis=-1)
        if own is not None:
            between += delivered.sum(axis=-1) - _on_chip(delivered, own)
        synops[link.target] = synops.get(link.target, np.zeros(population.shape, np.int32)) + added
    return Fanout(_narrow(messages), _narrow(between), {name: _narrow(table) for name, table in synops.items()})


def _narrow(table: Int32) -> Int32:
    """One channel where all are alike."""
    return table[:, :, :1] if (table == table[:, :, :1]).all() else table


def _on_chip(delivered: Int32, chip: Int64) -> Int32:
    """Of ``delivered``, shape (..., chips), those that stay on each neuron's own ``chip``."""
    inside = chip < delivered.shape[-1]
    full = np.broadcast_to(delivered, (*chip.shape, delivered.shape[-1]))
    stay = np.take_along_axis(full, np.where(inside, chip, 0)[..., None], axis=-1)[..., 0]
    return np.where(inside, stay, 0).astype(np.int32)
