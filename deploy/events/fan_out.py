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
from partition.copies.wiring import Wiring
from partition.geometry.blocks import block_of_neuron
from partition.geometry.links import KernelLink, Link, links_onto_chip
from partition.result import Partition

from .alike import first_alike


@dataclass(frozen=True)
class Caused:
    """What the spikes of a population cause: messages, those of them to other chips, synops by target.

    ``spikes`` are those of copies too. ``conv_synops`` are those of the synops whose weights are a kernel that pixels
    share.
    """

    spikes: int
    messages: int
    interchip: int
    synops: dict[str, int]
    conv_synops: dict[str, int]


@dataclass(frozen=True)
class CopiesOfLines:
    """The cores that compute each line too: line i is on ``core[pointer[i]]`` to ``core[pointer[i + 1]]``.

    Copies send messages in their neuron's place: ``sender`` is the core from which each entry of ``Deliveries`` comes.
    """

    pointer: Int64
    core: Int32
    sender: Int32


@dataclass(frozen=True)
class Deliveries:
    """Where the spikes of each line go: line i has the entries ``pointer[i]`` to ``pointer[i + 1]``, one a message.

    A line is a neuron, or a pixel where spikes of all its channels go to the same cores. An entry goes to ``core`` and
    adds ``synops`` weights there, ``conv`` where they are of a shared kernel. ``own``, shape (neurons,), is the core of
    each neuron, -1 on the host. Cores are numbered as the blocks of the partition, then its copies. Where neurons have
    ``copies``, each is a line of its own.
    """

    pointer: Int64
    core: Int32
    synops: Int32
    conv: Bool
    own: Int32
    copies: CopiesOfLines | None = None

    @property
    def lines(self) -> int:
        return len(self.pointer) - 1

    @cached_property
    def sending(self) -> Int64:
        """The messages that a spike of each line sends from its own core."""
        if self.copies is not None:
            return self.summed(self.copies.sender == self.own[self._line])
        return np.diff(self.pointer)

    @cached_property
    def copies_sending(self) -> tuple[Int64, Int32, Int64]:
        """Where the copies of each line are, as in ``CopiesOfLines``, and the messages that each sends for a spike."""
        if self.copies is None:
            return np.zeros(self.lines + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int64)
        line = np.repeat(np.arange(self.lines), np.diff(self.copies.pointer))
        cores = 1 + max(int(self.copies.core.max(initial=0)), int(self.copies.sender.max(initial=0)))
        keys, counts = np.unique(self._line * cores + self.copies.sender, return_counts=True)
        own = line * cores + self.copies.core
        found = np.searchsorted(keys, own)
        messages = np.where(np.append(keys, -1)[found] == own, np.append(counts, 0)[found], 0)
        return self.copies.pointer, self.copies.core, messages

    @cached_property
    def alike(self) -> Int64:
        """The same number for lines of which a spike causes the same on the same cores, their own left aside."""
        if self.copies is None:
            return first_alike(self.pointer, self.core, self.weights)
        sent = first_alike(self.pointer, self.core, self.weights, self.copies.sender)
        return sent * self.lines + first_alike(*self.copies_sending)

    @cached_property
    def fired(self) -> Int64:
        """The spikes that a spike of each line is, on its own core and on those of its copies."""
        return 1 + np.diff(self.copies_sending[0])

    @cached_property
    def _line(self) -> Int64:
        """The line of each entry."""
        return np.repeat(np.arange(self.lines), np.diff(self.pointer))

    @cached_property
    def weights(self) -> Int64:
        """Twice those that each entry adds, and one more where they are of a shared kernel."""
        return self.synops.astype(np.int64) << 1 | self.conv

    def summed(self, values: Int64 | Bool) -> Int64:
        """The sum over each line's entries of ``values``, one for each entry."""
        total = np.append(0, np.cumsum(values, dtype=np.int64))
        return np.asarray(total[self.pointer[1:]] - total[self.pointer[:-1]])

    def leaving(self, chip: Int64) -> Int64:
        """The messages of each neuron that leave its chip, shape (neurons,); ``chip`` is the chip of each core."""
        if self.copies is not None:
            return self.summed(chip[self.core] != chip[self.copies.sender])
        channels, line = len(self.own) // self.lines, self._line
        left = np.zeros((self.lines, channels), np.int64)
        for channel in range(channels):
            own = self.own[channel::channels]
            left[:, channel] = self.summed((own[line] >= 0) & (chip[self.core] != chip[own[line]]))
        return left.ravel()


@dataclass(frozen=True)
class Fanout:
    """What one spike of each neuron causes, or of each pixel where that is the same for all its channels.

    Spikes, one on its own core and one on that of each copy, messages, those between chips, synops, all of shape
    (neurons,) or (pixels,): sums over the entries of ``deliveries``. ``synops`` maps each target to the number of
    weights that are added there, ``conv_synops`` to those of a shared kernel.
    """

    fired: Int64
    messages: Int64
    interchip: Int64
    synops: dict[str, Int64]
    conv_synops: dict[str, Int64]
    deliveries: Deliveries = field(repr=False)

    @cached_property
    def lines(self) -> Float64:
        """Spikes, messages, those between chips, the synops of each target, then their conv synops: for each line."""
        tables = (self.fired, self.messages, self.interchip, *self.synops.values(), *self.conv_synops.values())
        return np.stack([table.astype(np.float64) for table in tables], axis=-1)

    def caused_by(self, spikes: Int64) -> Caused:
        """What ``spikes``, the number of each neuron, of any shape with one number for each, cause in all."""
        of_line = spikes.reshape(len(self.lines), -1).sum(axis=1).astype(np.float64)
        fired, messages, interchip, *added = (of_line @ self.lines).astype(np.int64).tolist()
        synops, conv = added[: len(self.synops)], added[len(self.synops) :]
        return Caused(
            fired,
            messages,
            interchip,
            dict(zip(self.synops, synops, strict=True)),
            dict(zip(self.synops, conv, strict=True)),
        )


def fanouts(network: Network, partition: Partition) -> dict[str, Fanout]:
    """The fan-out of every population."""
    links, wiring = links_onto_chip(network), partition.wiring(network)
    return {p.name: _fanout(p, [link for link in links if link.source == p.name], wiring) for p in network.populations}


def compartments_of_cores(partition: Partition) -> Int64:
    """The compartments that each core updates in every step, shape (blocks,)."""
    blocks = [partition.packing(block.layer).compartments(block.extent) for block in partition.blocks]
    return np.array([*blocks, *(copy.packing.compartments(copy.extent) for copy in partition.copies)], np.int64)


def _fanout(population: Population, links: list[Link], wiring: Wiring) -> Fanout:
    found = _deliveries(population, links, wiring)
    tables = [found.fired, np.diff(found.pointer), found.leaving(wiring.chip_of)]
    targets = list(dict.fromkeys(link.target for link in links))
    here = {target: np.isin(np.arange(len(wiring.chip_of)), wiring.cores_of(target))[found.core] for target in targets}
    tables += [found.summed(np.where(here[target], found.synops, 0)) for target in targets]
    tables += [found.summed(np.where(here[target] & found.conv, found.synops, 0)) for target in targets]
    fired, messages, interchip, *added = _alike(tables, population.shape)
    synops, conv = added[: len(targets)], added[len(targets) :]
    return Fanout(
        fired,
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


def _deliveries(population: Population, links: list[Link], wiring: Wiring) -> Deliveries:
    """All links of a population in one table: by pixel where all its channels do the same, else by neuron."""
    neurons, own = population.shape, np.full(prod(population.shape), -1, np.int32)
    copied = population.on_chip and bool(wiring.copies_of(population.name))
    if population.on_chip:
        block = block_of_neuron(neurons, wiring.tiles[population.name])
        own = (wiring.first[population.name] + block).astype(np.int32)
    tables = [wiring.weights(link) for link in links]
    lines = max((table.shape[0] for table in tables), default=prod(neurons[:2]))
    each = [_by_line(table, prod(neurons) if copied else lines) for table in tables]
    cores = [wiring.cores_of(link.target) for link in links]
    shared = [np.full(t.shape[1], isinstance(k, KernelLink)) for k, t in zip(links, each, strict=True)]
    empty = sparse.csr_array((prod(neurons) if copied else lines, 0), dtype=np.int64)
    table = sparse.hstack([empty, *each], format="csr")
    core, conv = np.concatenate([np.zeros(0, np.int64), *cores]), np.concatenate([np.zeros(0, bool), *shared])
    goes_to = core[table.indices].astype(np.int32)
    return Deliveries(
        table.indptr.astype(np.int64),
        goes_to,
        table.data.astype(np.int32),
        conv[table.indices],
        own,
        _copies(population, wiring, table.indptr.astype(np.int64), goes_to) if copied else None,
    )


def _copies(population: Population, wiring: Wiring, pointer: Int64, goes_to: Int32) -> CopiesOfLines:
    """The copies of each neuron, and who sends each entry of its line."""
    part = np.arange(population.shape[2]) // wiring.tiles[population.name][2]
    sender = wiring.sender_of(population.name)[:, :, part].reshape(population.neurons, -1)
    line = np.repeat(np.arange(population.neurons), np.diff(pointer))
    numbers = np.arange(population.neurons).reshape(population.shape)
    held = [
        (numbers[tuple(slice(*ends) for ends in copy.slice)].ravel(), number)
        for number, copy in wiring.copies_of(population.name).items()
    ]
    neurons = np.concatenate([inside for inside, _ in held])
    cores = np.concatenate([np.full(len(inside), number) for inside, number in held])
    order = np.argsort(neurons, kind="stable")
    of_each = np.bincount(neurons, minlength=population.neurons)
    return CopiesOfLines(
        np.append(0, np.cumsum(of_each)),
        cores[order].astype(np.int32),
        sender[line, wiring.chip_of[goes_to]].astype(np.int32),
    )


def _by_line(table: sparse.csr_array, lines: int) -> sparse.csr_array:
    """A table with a row for each pixel as one with ``lines`` rows, each pixel's channels one after another."""
    rows = len(table.indptr) - 1
    return table if rows == lines else table[np.repeat(np.arange(rows), lines // rows)]
