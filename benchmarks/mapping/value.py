"""What a partition is worth: one objective for both problems, the limits, and how a partition is read.

The objective is AxonCUDA's, and Mt-KaHyPar's km1: the sum over hyperedges of weight x (lambda - 1), lambda being the
parts among which its pins are. Source: Ronzani, Silvano, arXiv 2604.14411, and README.md, includes/hgraph.hpp and
sources/constr.cpp of https://github.com/EMJzero/AxonCUDA (20881cc). Of blocks on chips every hyperedge has two pins:
the messages from one block to another, so the objective counts each message from a block to a core on another chip, as
``partition.traffic.unicast`` does.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convert.errors import UserError
from partition.geometry.blocks import Ints

from .hypergraph import Hypergraph
from .instance import Instance


def messages(instance: Instance, part: Ints) -> float:
    """Messages per time step of the partition ``part``, the part of each vertex."""
    graph = instance.graph
    return float(graph.weight @ (parts_reached(graph, part) - 1)) * instance.facts.unit


def parts_reached(graph: Hypergraph, part: Ints) -> Ints:
    """The parts among which the pins of each hyperedge are: lambda."""
    pairs = np.unique(np.stack([graph.edge_of_pin, part[graph.pin]]), axis=1)
    return np.bincount(pairs[0], minlength=graph.hyperedges)


def in_axons(graph: Hypergraph, part: Ints) -> Ints:
    """The axons that each part takes in: of every hyperedge with a target there, as many as its source weighs."""
    edge, pin = graph.edge_of_pin[graph.is_target], graph.pin[graph.is_target]
    pairs = np.unique(np.stack([edge, part[pin]]), axis=1)
    axons = graph.vertex_weight[graph.source[pairs[0]]]
    return np.bincount(pairs[1], weights=axons, minlength=int(part.max()) + 1).astype(np.int64)


def violations(instance: Instance, part: Ints) -> list[str]:
    """The limits that ``part`` breaks, one sentence each; none if it is feasible."""
    graph, limits = instance.graph, instance.facts.limits
    found = []
    if part.max() >= limits.parts:
        found.append(f"part {part.max()} is used, there are {limits.parts}, from 0 to {limits.parts - 1}")
    weight = np.bincount(part, weights=graph.vertex_weight).astype(np.int64)
    if weight.max() > limits.weight:
        found.append(f"part {weight.argmax()} holds a weight of {weight.max()}, more than {limits.weight}")
    if limits.in_axons is not None:
        axons = in_axons(graph, part)
        if axons.max() > limits.in_axons:
            found.append(f"part {axons.argmax()} takes in {axons.max()} axons, more than {limits.in_axons}")
    return found


def read_partition(path: Path, vertices: int) -> Ints:
    """A part from 0 on in each line, as METIS and KaHyPar write it; one line for each vertex."""
    try:
        words = path.read_text().split()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as text ({error}); give a file with a part in each line") from error
    if len(words) != vertices:
        raise UserError(f"{path}: has {len(words)} parts, the instance {vertices} vertices; write one part a line")
    wrong = next((word for word in words if not word.isascii() or not word.isdigit() or len(word) > 9), None)
    if wrong is not None:
        raise UserError(f"{path}: '{wrong[:20]}' is no part; parts are whole numbers from 0 on, with up to 9 digits")
    return np.array([int(word) for word in words], np.int64)
