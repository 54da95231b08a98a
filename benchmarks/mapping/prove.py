"""Lower bounds: messages per time step that no partition of an instance goes below.

    python -m benchmarks.mapping.prove [INSTANCE ...] [--seconds 300]

Of blocks on chips by flows from every block (``partition.bounds.rooted_flows``) and, where two chips are enough, by
branching (``partition.bounds.branching``), as ``partition-model --prove`` does. Of neurons on cores only by size: a
hyperedge whose pins are more neurons than a core holds is on several. What is higher than before is kept in
standings.json.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np

from partition.bounds.branching import can_prove, proved_bound
from partition.bounds.rooted_flows import flow_bound

from .instance import Instance, names, read
from .methods import as_traffic
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
        return by_size(instance), "size of hyperedges"
    graph = as_traffic(instance)
    if can_prove(graph.blocks, limits.parts, limits.weight):
        return proved_bound(graph, limits.parts, limits.weight, value, seconds), "branching"
    return flow_bound(graph, limits.weight, value, seconds), "flows from every block"


def by_size(instance: Instance) -> float:
    """What hyperedges send at least because one core does not hold all of their pins."""
    graph, most = instance.graph, instance.facts.limits.weight
    neurons = np.add.reduceat(graph.vertex_weight[graph.pin], graph.first[:-1])
    return float(graph.weight @ (-(-neurons // most) - 1)) * instance.facts.unit


if __name__ == "__main__":
    main(sys.argv[1:])
