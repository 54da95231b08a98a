"""Messages per time step where neurons are computed twice: a spike goes to the cores of a chip from a copy there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from partition.core.out_axons import slots_per_axon
from partition.geometry.blocks import Floats, Ints, starts
from partition.geometry.links import Link
from partition.geometry.tile import tile_slices
from partition.hardware import Chip
from partition.traffic.unicast import SILENT, Rates, TrafficGraph

from .wiring import Wires, Wiring


@dataclass(frozen=True)
class CopiedTraffic:
    """The traffic between blocks and copies; ``multicast`` are the messages between chips if one served all cores of
    a chip."""

    graph: TrafficGraph
    multicast: float


def copied_traffic(wiring: Wiring, links: Sequence[Link], rates_hz: Rates) -> CopiedTraffic:
    """The messages per time step over ``links``; ``rates_hz`` maps each population to rates of its shape."""
    size, dt_s = len(wiring.chip_of), wiring.network.dt_s
    pairs, messages, from_host, multicast = [np.zeros((2, 0), np.int64)], [np.zeros(0)], np.zeros(size), 0.0
    for link in links:
        wires = wiring.over(link)
        sent = _sent(wires, np.asarray(rates_hz[link.source], np.float64) * dt_s, wiring)[wires.line, wires.part]
        if not wiring.network.population(link.source).on_chip:
            np.add.at(from_host, wires.target, sent + SILENT)
            continue
        pairs.append(np.stack([wires.sender, wires.target]))
        messages.append(sent)
        to = wiring.chip_of[wires.target]
        crossing = wiring.chip_of[wires.sender] != to
        keys = np.stack([wires.line, wires.part, to])[:, crossing]
        _, once = np.unique(keys, axis=1, return_index=True)
        multicast += float(sent[crossing][once].sum())
    ends, values = np.concatenate(pairs, axis=1), np.concatenate(messages)
    graph = sparse.coo_array((values, (ends[0], ends[1])), shape=(size, size)).tocsr()
    graph.sum_duplicates()
    graph.data += SILENT
    return CopiedTraffic(_graph(wiring, graph, from_host), multicast)


def _graph(wiring: Wiring, messages: sparse.csr_array, from_host: Floats) -> TrafficGraph:
    """``messages`` between the blocks and copies of ``wiring``."""
    populations = wiring.network.chip_populations
    number = {p.name: i for i, p in enumerate(populations)}
    cores = [(number[p.name], s) for p in populations for s in tile_slices(p.shape, wiring.tiles[p.name])]
    cores += [(number[copy.layer], copy.slice) for copy in wiring.copies]
    layer = np.array([of_layer for of_layer, _ in cores], np.int64)
    return TrafficGraph(tuple(number), layer, tuple(slices for _, slices in cores), messages, from_host)


def _sent(wires: Wires, spikes: Floats, wiring: Wiring) -> Floats:
    """The spikes per time step of each part of each line."""
    if wires.parts == 1:
        return np.asarray(spikes.reshape(wires.lines, -1).sum(axis=1, keepdims=True))
    first = starts(wires.link.source_shape[2], wiring.tiles[wires.link.source][2])
    return np.asarray(np.add.reduceat(spikes.reshape(wires.lines, -1), first, axis=1))


def slots_used(wiring: Wiring, links: Sequence[Link], chip: Chip) -> Ints:
    """The output axon slots of each block and copy, every axon leaving its chip."""
    used = np.zeros(len(wiring.chip_of), np.int64)
    for link in links:
        if wiring.network.population(link.source).on_chip:
            axons = _axons(wiring, wiring.over(link))
            used += axons * (slots_per_axon(link, chip) + chip.chip_crossing_slots)
    return used


def _axons(wiring: Wiring, wires: Wires) -> Ints:
    """The output axons of each block and copy for one link: one for each line and each core that it goes to.

    A layer that is a single block receives one of every line, used or not, as nengo_loihi builds it.
    """
    sender, link = wires.sender, wires.link
    if wiring.single_block(link.target):
        only = wiring.first[link.target]
        everyone = wiring.sender_of_lines(link.source, wires.lines)[..., wiring.chip_of[only]]
        sender = np.concatenate([sender[wires.target != only], everyone.ravel()])
    return np.bincount(sender, minlength=len(wiring.chip_of))
