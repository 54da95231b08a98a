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

from .busiest import packed_receiving, packed_sending


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

    A line is a neuron, or a pixel where spikes of all its channels go to the same cores. An entry goes to ``core`` and
    adds ``synops`` weights there, ``conv`` where they are of a shared kernel. ``own``, shape (neurons,), is the core of
    each neuron, -1 on the host. Cores are numbered as the blocks of the partition.
    """

    pointer: Int64
    core: Int32
    synops: Int32
    conv: Bool
    own: Int32

    @property
    def lines(self) -> int:
        return len(self.pointer) - 1

    @cached_property
    def sending(self) -> Int64:
        """What a spike of each line does to its own core, packed."""
        return packed_sending(np.ones(self.lines, np.int64), np.diff(self.pointer))

    @cached_property
    def receiving(self) -> Int64:
        """What the message of each entry does to the core that it goes to, packed."""
        return packed_receiving(np.ones(len(self.core), np.int64), self.synops, np.where(self.conv, self.synops, 0))

    def summed(self, values: Int64 | Bool) -> Int64:
        """The sum over each line's entries of ``values``, one for each entry."""
        total = np.append(0, np.cumsum(values, dtype=np.int64))
        return np.asarray(total[self.pointer[1:]] - total[self.pointer[:-1]])

    def leaving(self, chip: Int64) -> Int64:
        """The messages of each neuron that leave its chip, shape (neurons,); ``chip`` is the chip of each core."""
        channels = len(self.own) // self.lines
        line = np.repeat(np.arange(self.lines), np.diff(self.pointer))
        left = np.zeros((self.lines, channels), np.int64)
        for channel in range(channels):
            own = self.own[channel::channels]
            left[:, channel] = self.summed((own[line] >= 0) & (chip[self.core] != chip[own[line]]))
        return left.ravel()


@dataclass(frozen=True)
class Fanout:
    """What one spike of each neuron causes, or of each pixel where that is the same for all its channels.

    Messages, those between chips, synops, all of shape (neurons,) or (pixels,): sums over the entries of
    ``deliveries``. ``synops`` maps each target to the number of weights that are added there, ``conv_synops`` to those
    of a shared kernel.
    """

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
    first = _first_cores(partition)
    tables = [np.diff(found.pointer), found.leaving(chip)]
    targets = list(dict.fromkeys(link.target for link in links))
    for target in targets:
        low, high = first[target], first[target] + len(partition.blocks_of(target))
        tables.append(found.summed(np.where((found.core >= low) & (found.core < high), found.synops, 0)))
    for target in targets:
        low, high = first[target], first[target] + len(partition.blocks_of(target))
        here = (found.core >= low) & (found.core < high) & found.conv
        tables.append(found.summed(np.where(here, found.synops, 0)))
    messages, interchip, *added = _alike(tables, population.shape)
    synops, conv = added[: len(targets)], added[len(targets) :]
    return Fanout(
        messages,
        interchip,
        dict(zip(targets, synops, strict=True)),
        dict(zip(targets, conv, strict=True)),
        found,
    )


def _alike(tables: list[Int64], shape: Shape) -> list[Int64]:
    """``tables`` by pixel or by neuron, all with a line for each pixel if no channel differs, else for each neuron."""
    pixels = prod(shape[:2])
    by_pixel = [table.reshape(pixels, -1) for table in tables]
    if all((table == table[:, :1]).all() for table in by_pixel):
        return [np.ascontiguousarray(table[:, 0]) for table in by_pixel]
    return [np.broadcast_to(table, (pixels, shape[2])).ravel() for table in by_pixel]


def _deliveries(population: Population, links: list[Link], partition: Partition) -> Deliveries:
    """All links of a population in one table: by pixel where all its channels do the same, else by neuron."""
    first, neurons = _first_cores(partition), population.shape
    own = np.full(prod(neurons), -1, np.int32)
    if population.on_chip:
        own = (first[population.name] + block_of_neuron(neurons, partition.tiles[population.name])).astype(np.int32)
    tables = [weights_delivered(link, partition.tiles[link.target], partition.packing(link.target)) for link in links]
    lines = max((table.shape[0] for table in tables), default=prod(neurons[:2]))
    each = [_by_line(table, lines) for table in tables]
    cores = [first[link.target] + np.arange(table.shape[1]) for link, table in zip(links, each, strict=True)]
    shared = [np.full(t.shape[1], isinstance(k, KernelLink)) for k, t in zip(links, each, strict=True)]
    table = sparse.hstack([sparse.csr_array((lines, 0), dtype=np.int64), *each], format="csr")
    core, conv = np.concatenate([np.zeros(0, np.int64), *cores]), np.concatenate([np.zeros(0, bool), *shared])
    return Deliveries(
        table.indptr.astype(np.int64),
        core[table.indices].astype(np.int32),
        table.data.astype(np.int32),
        conv[table.indices],
        own,
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
