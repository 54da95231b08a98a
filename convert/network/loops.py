"""Which populations reach themselves, and in which order to compute the others.

A spike takes a step along every projection, so those of a loop can be computed together, step by step; what is in no
loop runs through all its steps before the next one starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .network import Network, Population


@dataclass(frozen=True)
class Together:
    """Populations that are computed together: one alone, or with ``loops`` those that reach each other."""

    populations: tuple[Population, ...]
    loops: bool

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(population.name for population in self.populations)


def in_order(network: Network) -> tuple[Together, ...]:
    """All populations, each after those that it takes spikes from but for those of its own loop.

    Without loops the order is the network's.
    """
    label = _labels(network)
    groups: dict[int, list[Population]] = {}
    for population in network.populations:
        groups.setdefault(label[population.name], []).append(population)
    before = {own: _sources(network, members, label) - {own} for own, members in groups.items()}
    done: list[int] = []
    while left := [own for own in groups if own not in done]:
        done.append(next(own for own in left if before[own] <= set(done)))
    return tuple(Together(tuple(groups[own]), loops=_loops(network, groups[own])) for own in done)


def loops_of(network: Network) -> tuple[tuple[str, ...], ...]:
    """The names of the populations that reach each other, loop by loop; empty for a feed-forward network."""
    return tuple(group.names for group in in_order(network) if group.loops)


def _labels(network: Network) -> Mapping[str, int]:
    """Equal for populations that reach each other."""
    number = {population.name: i for i, population in enumerate(network.populations)}
    pairs = [(number[p.source], number[p.target]) for p in network.projections if {p.source, p.target} <= number.keys()]
    rows, columns = np.array(pairs, np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(pairs)), (rows, columns)), shape=(len(number), len(number))).tocsr()
    _, labels = connected_components(graph, directed=True, connection="strong")
    return {name: int(labels[i]) for name, i in number.items()}


def _sources(network: Network, members: list[Population], label: Mapping[str, int]) -> Set[int]:
    return {label[p.source] for member in members for p in network.into(member.name) if p.source in label}


def _loops(network: Network, members: list[Population]) -> bool:
    return len(members) > 1 or any(p.source == p.target for p in network.into(members[0].name))
