"""Simulated annealing of vertices on parts, for hyperedges with many pins and a limit on axons: ours on cores.

The moves are those of ``partition.place.annealing``: a random vertex goes where a neighbour is, in exchange for another
one if that part is full.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from partition.geometry.blocks import Floats, Ints
from partition.numba_jit import compiled

from .instance import Instance

TRIES_PER_VERTEX = 10_000
SPARE = 1.05
"""Parts that may be used for each that is used at first."""


class _Graph(NamedTuple):
    """Incident hyperedges of each vertex: those that it is the source of, and those that it is a target of."""

    weight: Floats
    first: Ints
    pin: Ints
    out_first: Ints
    out: Ints
    in_first: Ints
    into: Ints
    source: Ints
    vertex_weight: Ints


class _State(NamedTuple):
    """``targets[e, p]``: the targets of hyperedge e in part p; and what each part holds and takes in."""

    part: Ints
    targets: np.ndarray
    held: Ints
    axons: Ints


def annealed(instance: Instance, part: Ints, *, heat: float, seed: int, tries: int = TRIES_PER_VERTEX) -> Ints:
    """What annealing finds from ``part``, which is feasible; ``heat`` is the temperature at first, in mean weights."""
    graph, limits = instance.graph, instance.facts.limits
    parts = min(limits.parts, int(np.ceil(SPARE * (part.max() + 1))))
    compact = _compact(instance)
    targets = np.zeros((graph.hyperedges, parts), np.int32)
    np.add.at(targets, (graph.edge_of_pin[graph.is_target], part[graph.pin[graph.is_target]]), 1)
    state = _State(
        part.copy(), targets, np.bincount(part, weights=graph.vertex_weight, minlength=parts).astype(np.int64),
        (targets > 0).T.astype(np.int64) @ graph.vertex_weight[graph.source],
    )  # fmt: skip
    most_axons = np.iinfo(np.int64).max if limits.in_axons is None else limits.in_axons
    first = heat * float(graph.weight.mean())
    _anneal(compact, state, limits.weight, most_axons, tries * graph.vertices, first, seed)
    _, found = np.unique(state.part, return_inverse=True)
    return found


def _compact(instance: Instance) -> _Graph:
    graph = instance.graph
    out = _incident(np.arange(graph.hyperedges), graph.source, graph.vertices)
    into = _incident(graph.edge_of_pin[graph.is_target], graph.pin[graph.is_target], graph.vertices)
    weight = graph.weight.astype(np.float64)
    return _Graph(weight, graph.first, graph.pin, *out, *into, graph.source, graph.vertex_weight)


def _incident(edges: Ints, ends: Ints, vertices: int) -> tuple[Ints, Ints]:
    """Where the hyperedges of each vertex begin, and the hyperedges."""
    first = np.cumsum([0, *np.bincount(ends, minlength=vertices)])
    return first, edges[np.argsort(ends, kind="stable")]


@compiled()
def _anneal(
    graph: _Graph, state: _State, most_weight: int, most_axons: int, tries: int, heat: float, seed: int
) -> None:
    """The best that is seen is what ``state`` holds at the end, up to what the last, cold steps gain."""
    np.random.seed(seed)  # noqa: NPY002 (numba's own generator)
    part, held, axons = state.part, state.held, state.axons
    vertices = len(part)
    for step in range(tries):
        temperature = heat * (1.0 - step / tries) ** 2 + 1e-12
        v = np.random.randint(vertices)  # noqa: NPY002
        u = _neighbour(graph, v)
        a, b = part[v], part[u]
        if a == b:
            if np.random.random() > 0.01:  # noqa: NPY002
                continue
            b = np.random.randint(len(held))  # noqa: NPY002
            if a == b:
                continue
        loss = _move(graph, state, v, b)
        other = -1
        if held[b] > most_weight or axons[b] > most_axons:
            other = _neighbour(graph, _neighbour(graph, v))
            if other != v and part[other] == b:
                loss += _move(graph, state, other, a)
            else:
                other = -1
        full = max(held[a], held[b]) > most_weight or max(axons[a], axons[b]) > most_axons
        if full or (loss > 0 and np.random.random() >= np.exp(-loss / temperature)):  # noqa: NPY002
            if other >= 0:
                _move(graph, state, other, b)
            _move(graph, state, v, a)


@compiled()
def _neighbour(graph: _Graph, v: int) -> int:
    """A random pin of a random hyperedge of ``v``."""
    out, into = graph.out_first[v + 1] - graph.out_first[v], graph.in_first[v + 1] - graph.in_first[v]
    if out + into == 0:
        return v
    k = np.random.randint(out + into)  # noqa: NPY002
    if k >= out:
        e = graph.into[graph.in_first[v] + k - out]
        if np.random.random() < 0.5:  # noqa: NPY002
            return graph.source[e]
    else:
        e = graph.out[graph.out_first[v] + k]
    return graph.pin[graph.first[e] + np.random.randint(graph.first[e + 1] - graph.first[e])]  # noqa: NPY002


@compiled()
def _move(graph: _Graph, state: _State, v: int, b: int) -> float:
    """Moves ``v`` to part ``b``; what the messages grow by."""
    part, targets, held, axons = state
    a = part[v]
    loss = 0.0
    for k in range(graph.in_first[v], graph.in_first[v + 1]):
        e = graph.into[k]
        source = graph.source[e]
        home = part[source]
        targets[e, a] -= 1
        if targets[e, a] == 0:
            axons[a] -= graph.vertex_weight[source]
            if home != a:
                loss -= graph.weight[e]
        if targets[e, b] == 0:
            axons[b] += graph.vertex_weight[source]
            if home != b:
                loss += graph.weight[e]
        targets[e, b] += 1
    for k in range(graph.out_first[v], graph.out_first[v + 1]):
        e = graph.out[k]
        if targets[e, a] > 0:
            loss += graph.weight[e]
        if targets[e, b] > 0:
            loss -= graph.weight[e]
    part[v] = b
    held[a] -= graph.vertex_weight[v]
    held[b] += graph.vertex_weight[v]
    return loss
