"""What a spike of each neuron causes: messages to cores, messages to other chips, synaptic operations.

A network's wiring is fixed, so its counts are sums over neurons of spikes times these tables: counting costs nothing
while the network runs. Spikes are counted when they are fired, those of the last step too, which arrive after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from convert.network import Network, Population
from deploy.arrays import Float64, Int32, Int64
from partition.core.synapse_lists import weights_of_spike
from partition.geometry.blocks import block_of_neuron
from partition.geometry.links import Link, links_onto_chip
from partition.result import Partition
from partition.traffic.cores_reached import cores_on_chips


@dataclass(frozen=True)
class Caused:
    """What the spikes of a population cause: messages, those of them to other chips, synops by target."""

    messages: int
    interchip: int
    synops: dict[str, int]


@dataclass(frozen=True)
class Fanout:
    """What one spike of each neuron causes: messages, those between chips, synops.

    Shape (rows, columns, channels), or (rows, columns, 1) where all channels are alike. ``synops`` maps each target to
    the number of weights that are added there.
    """

    messages: Int32
    interchip: Int32
    synops: dict[str, Int32]

    @cached_property
    def lines(self) -> Float64:
        """1, messages, those between chips and the synops of each target: a line for each neuron, or for each pixel."""
        tables = (self.messages, self.interchip, *self.synops.values())
        shape = np.broadcast_shapes(*(table.shape for table in tables))
        columns = [np.ones(shape), *(np.broadcast_to(table, shape) for table in tables)]
        return np.stack(columns, axis=-1).reshape(-1, len(columns))

    def caused_by(self, spikes: Int64) -> Caused:
        """What ``spikes``, the number of each neuron, of any shape with one number for each, cause in all."""
        of_line = spikes.reshape(len(self.lines), -1).sum(axis=1).astype(np.float64)
        _, messages, interchip, *synops = (of_line @ self.lines).astype(np.int64).tolist()
        return Caused(messages, interchip, dict(zip(self.synops, synops, strict=True)))


def fanouts(network: Network, partition: Partition) -> dict[str, Fanout]:
    """The fan-out of every population."""
    links = links_onto_chip(network)
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
