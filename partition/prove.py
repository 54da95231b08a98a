"""A sharper lower bound for a partition that is there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convert.network import Network
from partition.bounds.branching import can_prove, proved_bound
from partition.bounds.rooted_flows import flow_bound
from partition.geometry.links import links_onto_chip
from partition.traffic.unicast import Rates, traffic

from .report import with_bound
from .result import Partition


def provable(found: Partition) -> bool:
    """Whether ``proved`` can find anything: more than one chip is needed, and no neuron is computed twice."""
    return not found.copies and len(found.blocks) > found.board.chip.cores


def proved(network: Network, rates_hz: Rates, found: Partition, seconds: float) -> Partition:
    """``found`` with a sharper lower bound for its tiles, sought for ``seconds``; as it was where there is none.

    Where two chips are enough, more being of no use, branching goes to the end; else flows from every block bound it.
    """
    rates = {name: np.asarray(values, np.float64) for name, values in rates_hz.items()}
    graph = traffic(network, links_onto_chip(network), found.tiles, rates)
    board, report = found.board, found.report
    chips, cores, messages = board.chips, board.chip.cores, report.messages_per_step.interchip
    if can_prove(graph.blocks, chips, cores):
        bound = proved_bound(graph, chips, cores, messages, seconds)
    else:
        bound = flow_bound(graph, cores, messages, seconds)
    return replace(found, findings=with_bound(report, max(report.lower_bound_interchip, bound)))
