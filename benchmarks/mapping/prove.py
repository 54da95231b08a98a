"""Lower bounds: messages per time step that no partition of an instance goes below.

    python -m benchmarks.mapping.prove [INSTANCE ...] [--seconds 300]

Of blocks on chips by flows from every block (``partition.bounds.rooted_flows``) and, where two chips are enough, by
branching (``partition.bounds.branching``), as ``partition-model --prove`` does. Of neurons on cores by the same flows,
on links that each stand for a part of a hyperedge: from its source to the corners of what it reaches, together no more
than the hyperedge, which is cut if any of them is. What is higher than before is kept in standings.json.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from scipy import sparse

from partition.bounds.branching import can_prove, proved_bound
from partition.bounds.rooted_flows import flow_bound
from partition.bounds.spreading_metric import lower_bound
from partition.traffic.unicast import TrafficGraph

from .instance import Instance, names, read
from .methods import as_traffic
from .regions import centres
from .standings import standings, take_bound


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instances", nargs="*", metavar="INSTANCE", default=[])
    parser.add_argument("--seconds", type=float, default=300.0, help="time for each instance")
    options = parser.parse_args(arguments)
    for name in options.instances or names():
        instance, value = read(name), standings()[name].value
        bound, by = proved(instance, value, options.seconds)
        take_bound(name, bound, by)
        known = standings()[name]
        print(f"{name}: {known.bound:,.1f} of {value:,.1f} proved, a gap of {1 - known.bound / value:.1%}", flush=True)


def proved(instance: Instance, value: float, seconds: float) -> tuple[float, str]:
    """A lower bound and what found it; ``value`` is that of a partition that is known."""
    limits = instance.facts.limits
    if instance.facts.problem == "neurons on cores":
        sizes = instance.graph.vertex_weight
        return flow_bound(corners(instance), limits.weight, value, seconds, sizes), "flows to corners"
    graph = as_traffic(instance)
    if not can_prove(graph.blocks, limits.parts, limits.weight):
        return flow_bound(graph, limits.weight, value, seconds), "flows from every block"
    flows = flow_bound(graph, limits.weight, value, seconds / 4)
    branching = proved_bound(graph, limits.parts, limits.weight, value, seconds * 3 / 4)
    trees = lower_bound(graph, limits.weight)
    return max((trees, "trees"), (flows, "flows from every block"), (branching, "branching"))


def corners(instance: Instance) -> TrafficGraph:
    """Links from the source of each hyperedge to the targets in the corners of its rectangle, a quarter to each corner.

    Targets in one corner share its quarter. Each hyperedge ends in one layer here.
    """
    graph, at = instance.graph, centres(instance)
    rows, columns, share = [], [], []
    for e, source in enumerate(graph.source.tolist()):
        targets = graph.pin[graph.first[e] + 1 : graph.first[e + 1]]
        row, column = at[targets].T
        for first, second in product((np.min, np.max), repeat=2):
            there = targets[(row == first(row)) & (column == second(column))]
            rows.append(np.full(len(there), source))
            columns.append(there)
            share.append(np.full(len(there), graph.weight[e] * instance.facts.unit / 4 / len(there)))
    pairs = (np.concatenate(share), (np.concatenate(rows), np.concatenate(columns)))
    sent = sparse.coo_array(pairs, shape=(graph.vertices, graph.vertices)).tocsr()
    sent.sum_duplicates()
    return replace(as_traffic(instance), messages=sent)


if __name__ == "__main__":
    main(sys.argv[1:])
