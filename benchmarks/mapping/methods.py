"""The methods of the table: each gives the part of every vertex, for either problem, or None where it finds none.

Libraries know no limit on axons: of neurons on cores they are asked for several numbers of parts; a part that breaks a
limit is cut into several in the order of its vertices (``greedy.split``), and the best is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import mtkahypar
import numpy as np
import pymetis
from scipy import sparse

from partition.board.chip_placement import distances
from partition.board_file import find_board
from partition.geometry.blocks import Ints
from partition.hardware import Board, Chip
from partition.place.integer_weights import integer_weights
from partition.place.kahypar import IMBALANCE, library
from partition.place.local_search import improve
from partition.place.metis import metis as blocks_by_metis
from partition.place.repair import repair
from partition.traffic.unicast import TrafficGraph

from . import greedy
from .annealing import annealed
from .hypergraph import Hypergraph
from .instance import Instance
from .regions import AXES, by_region
from .value import messages

Method = Callable[[Instance], Ints | None]

ANNEALING = 50_000
"""Random exchanges per block of ours, 125 times those of partition-model: half a minute for each start of the U-Net."""
HEATS = (2.0, 8.0)
"""Temperatures at first, in mean messages of a pair of blocks; 0.5 in partition-model. Chosen by hand on the U-Net from
Mt-KaHyPar's parts: with 100,000 exchanges 26,692 and 25,876 messages; with 4,000, and 0.5, 28,166."""
SHARES = (1.0, 1.05, 1.1, 1.2)
"""Parts that libraries are asked for on cores, over the fewest that hold the neurons. Chosen by hand."""
MOST_STEINER_CHIPS = 64
"""Mt-KaHyPar maps onto so many nodes at most. Source: its README."""


def kahypar_km1(instance: Instance) -> Ints | None:
    """Mt-KaHyPar's deterministic quality preset, objective km1."""
    return _best(instance, lambda parts: _kahypar(instance, parts))


def kahypar_steiner(instance: Instance) -> Ints | None:
    """Mt-KaHyPar's mapping onto the board's mesh of chips, objective Steiner trees: it seeks few hops, not messages."""
    if instance.facts.problem != "blocks on chips" or instance.facts.limits.parts > MOST_STEINER_CHIPS:
        return None
    return _kahypar(instance, instance.facts.limits.parts, steiner=True)


def metis(instance: Instance) -> Ints | None:
    """METIS on the graph of the messages between two vertices, a hyperedge counted for each target."""
    if instance.facts.problem == "blocks on chips":
        return blocks_by_metis(as_traffic(instance), board_of(instance), seed=0)
    return _best(instance, lambda parts: _metis(instance, parts))


def ours(instance: Instance) -> Ints | None:
    """Descent and annealing: on chips as ``partition-model`` does it, from METIS's and Mt-KaHyPar's parts and from
    regions of the image; on cores from the best of the others."""
    if instance.facts.problem == "blocks on chips":
        graph, board = as_traffic(instance), board_of(instance)
        starts = [_kahypar(instance, board.chips), blocks_by_metis(graph, board, seed=0)]
        starts.append(min((by_region(instance, axes) for axes in AXES), key=worth(instance)))
        found = [
            improve(graph, board, start, seed=0, annealing=ANNEALING, heat=heat) for start in starts for heat in HEATS
        ]
    else:
        start = min((part for part in (m(instance) for m in STARTING) if part is not None), key=worth(instance))
        found = [start, *(annealed(instance, start, heat=heat, seed=0) for heat in HEATS)]
    return min(found, key=worth(instance))


STARTING: tuple[Method, ...] = (greedy.sequential, kahypar_km1, metis, greedy.spinemap)
METHODS: dict[str, Method] = {
    "greedy": greedy.sequential,
    "GreedyInterchip": greedy.greedy_interchip,
    "SpiNeMap's": greedy.spinemap,
    "METIS": metis,
    "Mt-KaHyPar, km1": kahypar_km1,
    "Mt-KaHyPar, Steiner": kahypar_steiner,
    "ours": ours,
}


def worth(instance: Instance) -> Callable[[Ints], float]:
    return lambda part: messages(instance, part)


def as_traffic(instance: Instance) -> TrafficGraph:
    """Blocks and the messages between them, per time step."""
    graph = instance.graph
    slices = tuple(part for layer in instance.facts.layers for part in layer.slices)
    layer = np.repeat(np.arange(len(instance.facts.layers)), [len(layer.slices) for layer in instance.facts.layers])
    names = tuple(layer.name for layer in instance.facts.layers)
    sent = greedy.messages(graph) * instance.facts.unit
    return TrafficGraph(names, layer, slices, sparse.csr_array(sent), np.zeros(graph.vertices))


def board_of(instance: Instance) -> Board:
    limits = instance.facts.limits
    large = find_board("pohoiki-springs")
    return replace(large, chips=limits.parts, columns=int(np.ceil(limits.parts**0.5)), chip=Chip(cores=limits.weight))


def _best(instance: Instance, cut: Callable[[int], Ints]) -> Ints:
    """The best of several numbers of parts: all that there are on chips; on cores the fewest, and somewhat more."""
    limits = instance.facts.limits
    if instance.facts.problem == "blocks on chips":
        return cut(limits.parts)
    least = int(np.ceil(instance.graph.vertex_weight.sum() / limits.weight))
    numbers = sorted({int(np.ceil(least * share)) for share in SHARES})
    return min((greedy.split(instance, cut(parts)) for parts in numbers), key=worth(instance))


def _kahypar(instance: Instance, parts: int, *, steiner: bool = False) -> Ints:
    graph, limits = instance.graph, instance.facts.limits
    start = library()
    mtkahypar.set_seed(0)
    context = start.context_from_preset(mtkahypar.PresetType.DETERMINISTIC_QUALITY)
    if steiner:
        context = start.context_from_preset(mtkahypar.PresetType.QUALITY)
        context.set_mapping_parameters(parts, IMBALANCE)
    else:
        context.set_partitioning_parameters(parts, IMBALANCE, mtkahypar.Objective.KM1)
    context.set_individual_target_block_weights([limits.weight] * parts)
    context.logging = False
    ends = graph.first.tolist()
    pins = [graph.pin[first:end].tolist() for first, end in pairwise(ends)]
    weights = integer_weights(graph.weight.astype(np.float64)).tolist()
    made = start.create_hypergraph(
        context, graph.vertices, graph.hyperedges, pins, graph.vertex_weight.tolist(), weights
    )
    found = made.map_onto_graph(_mesh(start, context, instance), context) if steiner else made.partition(context)
    part = np.array(found.get_partition(), np.int64)
    return repair(as_traffic(instance), board_of(instance), part) if limits.in_axons is None else part


def _mesh(start, context, instance: Instance):
    """The links between neighbours of the board."""
    far = distances(board_of(instance))
    pairs = np.argwhere(np.triu(far == 1)).tolist()
    return start.create_target_graph(context, len(far), len(pairs), [tuple(pair) for pair in pairs], [1] * len(pairs))


def _metis(instance: Instance, parts: int) -> Ints:
    graph: Hypergraph = instance.graph
    sent = greedy.messages(graph)
    both = (sent + sent.T).tocsr()
    both.setdiag(0)
    both.eliminate_zeros()
    _, part = pymetis.part_graph(
        parts, xadj=both.indptr.tolist(), adjncy=both.indices.tolist(), vweights=graph.vertex_weight.tolist(),
        eweights=integer_weights(both.data).tolist(), options=pymetis.Options(seed=0, ncuts=4, niter=20),
    )  # fmt: skip
    return np.array(part, np.int64)
