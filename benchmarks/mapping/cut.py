"""Instances of a network: its blocks on chips, and its neurons, pixel by pixel, on cores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from convert.network import Network
from partition.geometry.blocks import Floats, cores
from partition.geometry.links import links_onto_chip
from partition.geometry.tile import Tile
from partition.hardware import LOIHI
from partition.traffic.unicast import TrafficGraph, traffic

from .hypergraph import Hypergraph
from .instance import Facts, Instance, Layer, Limits, Problem, digest

MESSAGES_UNIT, SPIKES_UNIT = 1e-3, 1e-4
"""Messages, and spikes, per time step that a weight of 1 stands for."""
TILE_SIDE, TILE_CHANNELS, TILE_NEURONS = 8, 8, 64
"""Tiles of the classics, chosen by hand: rows and columns, channels; and neurons of a layer without pixels."""
CLUSTER = 32
"""At most so many channels of a pixel are one vertex of neurons on cores; of a layer without pixels half as many."""
MOST_CORES = 4096
"""Cores of the board in AxonCUDA's constraints "loihi64" (sources/constr.cpp), whose other two numbers are Loihi's."""


def usual_tiles(network: Network) -> dict[str, Tile]:
    """(8, 8, 8), or what there is, of every layer with pixels, 64 neurons of the others."""
    return {
        p.name: (min(TILE_SIDE, p.shape[0]), min(TILE_SIDE, p.shape[1]), min(TILE_CHANNELS, p.shape[2]))
        if p.shape[:2] != (1, 1)
        else (1, 1, min(TILE_NEURONS, p.shape[2]))
        for p in network.chip_populations
    }


def pixels(network: Network) -> dict[str, Tile]:
    """The tiles that make one vertex of a pixel, or of some of its channels, which all reach the same neurons."""
    most = {p.name: CLUSTER // 2 if p.shape[:2] == (1, 1) else CLUSTER for p in network.chip_populations}
    return {p.name: (1, 1, min(most[p.name], p.shape[2])) for p in network.chip_populations}


def blocks_on_chips(
    name: str, about: str, made_by: str, network: Network, tiles: Mapping[str, Tile], rates: Mapping[str, Floats],
    chips: int,
) -> Instance:  # fmt: skip
    """Every block weighs one core; a hyperedge holds the messages from one block to another."""
    graph = traffic(network, links_onto_chip(network), tiles, rates)
    edges = graph.messages.tocoo()
    weight = np.rint(edges.data / MESSAGES_UNIT).astype(np.int64)
    kept = (weight > 0) & (edges.coords[0] != edges.coords[1])
    pins = np.stack([edges.coords[0][kept], edges.coords[1][kept]], axis=1).astype(np.int64)
    first = np.arange(len(pins) + 1) * 2
    found = Hypergraph(weight[kept], first, pins.ravel(), np.ones(graph.blocks, np.int64))
    limits = Limits(weight=LOIHI.cores, parts=chips)
    return Instance(found, _facts(name, "blocks on chips", about, made_by, network, tiles, limits, found))


def neurons_on_cores(name: str, about: str, made_by: str, network: Network, rates: Mapping[str, Floats]) -> Instance:
    """A vertex weighs its neurons; its hyperedge goes to all that these reach and holds all of their spikes."""
    tiles = pixels(network)
    graph = traffic(network, links_onto_chip(network), tiles, rates)
    spikes = np.concatenate([_sums(rates[p.name], p.shape, tiles[p.name]) for p in network.chip_populations])
    targets, sources = graph.messages.indices.astype(np.int64), np.flatnonzero(np.diff(graph.messages.indptr))
    ends = np.diff(graph.messages.indptr)[sources]
    first = np.concatenate([[0], np.cumsum(ends + 1)])
    pin = np.insert(targets, np.cumsum(ends) - ends, sources)
    weight = np.maximum(1, np.rint(spikes[sources] * network.dt_s / SPIKES_UNIT)).astype(np.int64)
    found = Hypergraph(weight, first, pin, _neurons(graph))
    limits = Limits(weight=LOIHI.compartments, parts=MOST_CORES, in_axons=LOIHI.in_axons)
    return Instance(found, _facts(name, "neurons on cores", about, made_by, network, tiles, limits, found))


def _sums(rates: Floats, shape: tuple[int, int, int], tile: Tile) -> Floats:
    """The rates of each vertex of single pixels, in Hz."""
    by_channels = np.add.reduceat(np.reshape(rates, shape), np.arange(0, shape[2], tile[2]), axis=2)
    return np.asarray(by_channels.ravel())


def _neurons(graph: TrafficGraph) -> np.ndarray:
    return np.array([np.prod([end - begin for begin, end in part]) for part in graph.slices], np.int64)


def _facts(
    name: str, problem: Problem, about: str, made_by: str, network: Network, tiles: Mapping[str, Tile], limits: Limits,
    found: Hypergraph,
) -> Facts:  # fmt: skip
    first, layers = 0, []
    for p in network.chip_populations:
        layers.append(Layer(name=p.name, shape=p.shape, tile=tiles[p.name], first=first))
        first += cores(p.shape, tiles[p.name])
    unit = MESSAGES_UNIT if problem == "blocks on chips" else SPIKES_UNIT
    return Facts(
        name=name, problem=problem, about=about, made_by=made_by, unit=unit, limits=limits, layers=tuple(layers),
        sha256=digest(found),
    )  # fmt: skip
