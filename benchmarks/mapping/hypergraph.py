"""A hypergraph of vertices with weights, and its text form: hMETIS' .hgr, as KaHyPar and AxonCUDA read it too.

The first line is "hyperedges vertices 11", then a line for each hyperedge: its weight and its pins, numbered from 1;
then a line for each vertex: its weight. Source: hMETIS 1.5 manual, section 4. All weights are whole numbers here, and
the first pin of a hyperedge is where its spikes come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from convert.errors import UserError
from partition.geometry.blocks import Ints

WITH_WEIGHTS = "11"
"""The format: hyperedges and vertices have weights."""


@dataclass(frozen=True, eq=False)
class Hypergraph:
    """Hyperedge e has ``weight[e]`` and the pins ``pin[first[e]:first[e + 1]]``, its source first."""

    weight: Ints
    first: Ints
    pin: Ints
    vertex_weight: Ints

    @property
    def hyperedges(self) -> int:
        return len(self.weight)

    @property
    def vertices(self) -> int:
        return len(self.vertex_weight)

    @cached_property
    def edge_of_pin(self) -> Ints:
        """The hyperedge of each pin."""
        return np.repeat(np.arange(self.hyperedges), np.diff(self.first))

    @cached_property
    def source(self) -> Ints:
        """The source of each hyperedge."""
        return self.pin[self.first[:-1]]

    @cached_property
    def is_target(self) -> np.ndarray:
        """Whether a pin is a target, shape (pins,)."""
        target = np.ones(len(self.pin), bool)
        target[self.first[:-1]] = False
        return target


def to_text(graph: Hypergraph) -> str:
    lines = [f"{graph.hyperedges} {graph.vertices} {WITH_WEIGHTS}"]
    pins = (graph.pin + 1).tolist()
    ends = graph.first.tolist()
    for weight, (first, end) in zip(graph.weight.tolist(), pairwise(ends), strict=True):
        lines.append(" ".join(map(str, (weight, *pins[first:end]))))
    return "\n".join([*lines, *map(str, graph.vertex_weight.tolist())]) + "\n"


def from_text(text: str, name: str) -> Hypergraph:
    """The hypergraph in ``text``, called ``name`` in errors; lines that begin with % are remarks."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("%")]
    rows = _whole_numbers(lines, name)
    if not rows or len(rows[0]) != 3 or str(rows[0][2]) != WITH_WEIGHTS:
        raise UserError(f"{name}: the first line must be 'hyperedges vertices {WITH_WEIGHTS}'; give weights")
    edges, vertices, _ = rows[0]
    if len(rows) != 1 + edges + vertices:
        raise UserError(f"{name}: {1 + edges + vertices} lines are announced, {len(rows)} are there; copy it again")
    ends, weights = rows[1 : edges + 1], rows[edges + 1 :]
    if any(len(row) < 3 for row in ends) or any(len(row) != 1 for row in weights):
        raise UserError(f"{name}: a hyperedge needs a weight and two pins, a vertex one weight; copy the file again")
    first = np.cumsum([0, *(len(row) - 1 for row in ends)])
    pins = np.array([pin - 1 for row in ends for pin in row[1:]], np.int64)
    if len(pins) and (pins.min() < 0 or pins.max() >= vertices):
        raise UserError(f"{name}: pins are numbered from 1 to {vertices}, the number of vertices; copy the file again")
    vertex_weight = np.array([row[0] for row in weights], np.int64)
    return Hypergraph(np.array([row[0] for row in ends], np.int64), first, pins, vertex_weight)


def _whole_numbers(lines: list[str], name: str) -> list[list[int]]:
    try:
        return [[int(word) for word in line.split()] for line in lines]
    except ValueError as error:
        raise UserError(f"{name}: {error}; only whole numbers are read") from error
