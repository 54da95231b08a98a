"""What a spike of each neuron causes: messages to cores, messages to other chips, synaptic operations.

One table says it all: ``Deliveries``, the weights that a spike adds on each core it goes to. Whatever is counted of
layers, chips or cores is a sum over its entries. A network's wiring is fixed, so counts are sums over neurons of spikes
times these tables: counting costs little while the network runs. Spikes are counted when they are fired, those of the
last step too, which arrive after it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import prod

import numpy as np
from scipy import sparse

from convert.network import Network, Population, Shape
from deploy.arrays import Bool, Float64, Int32, Int64
from partition.core.synapse_lists import weights_delivered
from partition.geometry.blocks import block_of_neuron
from partition.geometry.links import KernelLink, Link, links_onto_chip
from partition.result import Partition


@dataclass(frozen=True)
class Caused:
    """What the spikes of a population cause: messages, those of them to other chips, synops by target.

    ``conv_synops`` are those of the synops whose weights are a kernel that pixels share.
    """

    messages: int
    interchip: int
    synops: dict[str, int]
    conv_synops: dict[str, int]


@dataclass(frozen=True)
class Deliveries:
    """Where the spikes of each line go: line i has the entries ``pointer[i]`` to ``pointer[i + 1]``, one a message.

    A line is a neuron, or a pixel where all its channels do the same. An entry goes to ``core`` and adds ``synops``
    weights there, ``conv`` where they are of a shared kernel. ``own`` is the core of each line, -1 on the host. Cores
    are numbered as the blocks of the partition.
    """

    pointer: Int64
    core: Int32
    synops: Int32
    conv: Bool
    own: Int32

    @property
    def lines(self) -> int:
        return len(self.own)

    def summed(self, values: Int64 | Bool) -> Int64:
        """The sum over each line's entries of ``values``, one for each entry."""
        total = np.append(0, np.cumsum(values, dtype=np.int64))
        return np.asarray(total[self.pointer[1:]] - total[self.pointer[:-1]])


@dataclass(frozen=True)
class Fanout:
    """What one spike of each line of ``deliveries`` causes: messages, those between chips, synops.

    All have shape (lines,). ``synops`` maps each target to the number of weights that are added there,
    ``conv_synops`` to those of a shared kernel.
    """

    shape: Shape
    messages: Int64
    interchip: Int64
    synops: dict[str, Int64]
    conv_synops: dict[str, Int64]
    deliveries: Deliveries = field(repr=False)

    @cached_property
    def lines(self) -> Float64:
        """1, messages, those between chips, the synops of each target, then their conv synops: a row for each line."""
        tables = (self.messages, self.interchip, *self.synops.values(), *self.conv_synops.values())
        return np.stack([np.ones(len(self.messages)), *tables], axis=-1)

    def caused_by(self, spikes: Int64) -> Caused:
        """What ``spikes``, the number of each neuron, of any shape with one number for each, cause in all."""
        of_line = spikes.reshape(len(self.lines), -1).sum(axis=1).astype(np.float64)
        _, messages, interchip, *added = (of_line @ self.lines).astype(np.int64).tolist()
        synops, conv = added[: len(self.synops)], added[len(self.synops) :]
        return Caused(
            messages, interchip, dict(zip(self.synops, synops, strict=True)), dict(zip(self.synops, conv, strict=True))
        )


def fanouts(network: Network, partition: Partition) -> dict[str, Fanout]:
    """The fan-out of every population."""
    links = links_onto_chip(network)
    return {
        p.name: _fanout(p, [link for link in links if link.source == p.name], partition) for p in network.populations
    }


def compartments_of_cores(partition: Partition) -> Int64:
    """The compartments that each core updates in every step, shape (blocks,)."""
    return np.array([partition.packing(b.layer).compartments(b.extent) for b in partition.blocks], np.int64)


def _fanout(population: Population, links: list[Link], partition: Partition) -> Fanout:
    found = _deliveries(population, links, partition)
    chip = np.array([block.chip for block in partition.blocks], np.int64)
    lines = np.repeat(np.arange(found.lines), np.diff(found.pointer))
    leaves = (found.own[lines] >= 0) & (chip[found.core] != chip[found.own[lines]])
    first = _first_cores(partition)
    synops: dict[str, Int64] = {}
    conv: dict[str, Int64] = {}
    for target in dict.fromkeys(link.target for link in links):
        low, high = first[target], first[target] + len(partition.blocks_of(target))
        here = np.where((found.core >= low) & (found.core < high), found.synops, 0)
        synops[target], conv[target] = found.summed(here), found.summed(here * found.conv)
    return Fanout(population.shape, np.diff(found.pointer), found.summed(leaves), synops, conv, found)


def _deliveries(population: Population, links: list[Link], partition: Partition) -> Deliveries:
    """All links of a population in one table: by pixel where all its channels do the same, else by neuron."""
    first, neurons = _first_cores(partition), population.shape
    own = np.full(neurons, -1, np.int32)
    if population.on_chip:
        tile = partition.tiles[population.name]
        own = (first[population.name] + block_of_neuron(neurons, tile)).reshape(neurons).astype(np.int32)
    tables = [weights_delivered(link, partition.tiles[link.target], partition.packing(link.target)) for link in links]
    alike = (own == own[:, :, :1]).all() and all(len(table.indptr) - 1 == prod(neurons[:2]) for table in tables)
    own = own[:, :, :1] if alike else own
    each = [_by_line(table, own.size) for table in tables]
    cores = [first[link.target] + np.arange(table.shape[1]) for link, table in zip(links, each, strict=True)]
    shared = [np.full(t.shape[1], isinstance(k, KernelLink)) for k, t in zip(links, each, strict=True)]
    table = sparse.hstack([sparse.csr_array((own.size, 0), dtype=np.int64), *each], format="csr")
    core, conv = np.concatenate([np.zeros(0, np.int64), *cores]), np.concatenate([np.zeros(0, bool), *shared])
    return Deliveries(
        table.indptr.astype(np.int64),
        core[table.indices].astype(np.int32),
        table.data.astype(np.int32),
        conv[table.indices],
        own.ravel(),
    )


def _by_line(table: sparse.csr_array, lines: int) -> sparse.csr_array:
    """A table with a row for each pixel as one with ``lines`` rows, each pixel's channels one after another."""
    rows = len(table.indptr) - 1
    return table if rows == lines else table[np.repeat(np.arange(rows), lines // rows)]


def _first_cores(partition: Partition) -> dict[str, int]:
    """The number of each population's first block; its blocks lie one after another."""
    first: dict[str, int] = {}
    for number, block in enumerate(partition.blocks):
        first.setdefault(block.layer, number)
    return first
