"""Placers that fill one part after the other, within the limits of either problem.

``spinemap`` is SpiNeMap's greedy clustering, written anew from what it does: a crossbar grows by the neuron that
exchanges most spikes with those on it, on all synapses and in both directions, until it is full. Source: Balaji et al.,
IEEE TVLSI 28(1), 2020, and SNNPartitioning/greedyClustering/greedyClustering.py in
https://github.com/drexel-DISCO/SpiNeMap (a837888), which it equals where vertices weigh 1 and no axons are counted.
``greedy_interchip`` grows by the largest single connection instead, as nengo_loihi's allocator does.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from partition.geometry.blocks import Floats, Ints

from .hypergraph import Hypergraph
from .instance import Instance


def sequential(instance: Instance) -> Ints:
    """Part after part in the order of the vertices, each filled until the next vertex does not fit."""
    return split(instance, np.zeros(instance.graph.vertices, np.int64))


def split(instance: Instance, part: Ints) -> Ints:
    """``part`` with the parts that break a limit cut into several, in the order of their vertices."""
    filling = _Filling(instance)
    found = np.zeros(instance.graph.vertices, np.int64)
    current = -1
    for number in np.unique(part):
        filling.start()
        current += 1
        for vertex in np.flatnonzero(part == number).tolist():
            if not filling.fits(vertex):
                filling.start()
                current += 1
            filling.take(vertex)
            found[vertex] = current
    return found


def spinemap(instance: Instance) -> Ints:
    """The first vertex is the one with most spikes; a part starts with what is left of the most connected."""
    first = np.argsort(-_fired(instance.graph), kind="stable")[:1]
    return _grown(instance, first.tolist(), np.add)


def greedy_interchip(instance: Instance) -> Ints:
    """A part starts with a vertex that receives nothing, while there is one, else with the first that is left."""
    graph = instance.graph
    receives = np.zeros(graph.vertices, bool)
    receives[graph.pin[graph.is_target]] = True
    return _grown(instance, np.flatnonzero(~receives).tolist(), np.maximum)


def _grown(instance: Instance, starts: list[int], gather: np.ufunc) -> Ints:
    graph = instance.graph
    outward = messages(graph)
    inward = outward.T.tocsr()
    part = np.full(graph.vertices, -1, np.int64)
    filling, current, pull = _Filling(instance), 0, np.zeros(graph.vertices)
    while (part < 0).any():
        vertex = _next(pull, part, filling, starts)
        if vertex is None:
            filling.start()
            current, pull = current + 1, np.zeros(graph.vertices)
            continue
        part[vertex] = current
        filling.take(vertex)
        for edges in (outward, inward):
            own = slice(edges.indptr[vertex], edges.indptr[vertex + 1])
            gather.at(pull, edges.indices[own], edges.data[own])
    return part


def _next(pull: Floats, part: Ints, filling: _Filling, starts: list[int]) -> int | None:
    """The vertex that is pulled most of those that fit; of equals the first, or one of ``starts`` if nothing pulls."""
    free = np.flatnonzero(part < 0)
    order = free[np.argsort(-pull[free], kind="stable")]
    if pull[order[0]] == 0:
        order = np.array([*(v for v in starts if part[v] < 0), *order], np.int64)
    return next((int(v) for v in order if filling.fits(int(v))), None)


def messages(graph: Hypergraph) -> sparse.csr_array:
    """The weight of the hyperedges from a vertex to a vertex, a hyperedge counted for each of its targets."""
    edge, target = graph.edge_of_pin[graph.is_target], graph.pin[graph.is_target]
    pairs = (graph.weight[edge].astype(np.float64), (graph.source[edge], target))
    found = sparse.coo_array(pairs, shape=(graph.vertices, graph.vertices)).tocsr()
    found.sum_duplicates()
    return found


def _fired(graph: Hypergraph) -> Floats:
    return np.bincount(graph.source, weights=graph.weight, minlength=graph.vertices).astype(np.float64)


class _Filling:
    """What the part that is being filled holds, and whether a further vertex fits."""

    def __init__(self, instance: Instance) -> None:
        graph, self.limits = instance.graph, instance.facts.limits
        self.weight = graph.vertex_weight
        targets = graph.is_target
        shape = (graph.vertices, graph.hyperedges)
        ones = np.ones(int(targets.sum()), np.int64)
        self.into = sparse.coo_array((ones, (graph.pin[targets], graph.edge_of_pin[targets])), shape=shape).tocsr()
        self.axons = graph.vertex_weight[graph.source]
        self.start()

    def start(self) -> None:
        self.held, self.taken_in = 0, 0
        self.inside = np.zeros(len(self.axons), bool)

    def fits(self, vertex: int) -> bool:
        if self.held + self.weight[vertex] > self.limits.weight:
            return False
        return self.limits.in_axons is None or self.taken_in + self._new(vertex) <= self.limits.in_axons

    def take(self, vertex: int) -> None:
        self.held += int(self.weight[vertex])
        self.taken_in += self._new(vertex)
        self.inside[self._edges(vertex)] = True

    def _new(self, vertex: int) -> int:
        edges = self._edges(vertex)
        return int(self.axons[edges[~self.inside[edges]]].sum())

    def _edges(self, vertex: int) -> Ints:
        return self.into.indices[self.into.indptr[vertex] : self.into.indptr[vertex + 1]]
