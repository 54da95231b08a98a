"""A partition with what is known about it: traffic, bound, what simple placers reach, how full its cores are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partition.board.chip_placement import Placement
from partition.bounds.spreading_metric import gap_facts, lower_bound
from partition.core.packing import Packing
from partition.core.utilization import utilization
from partition.geometry.blocks import Ints
from partition.geometry.tile import Tile
from partition.tiles.hand_tiles import baselines
from partition.tiles.knapsack import Menus
from partition.tiles.retile import Problem
from partition.traffic.multicast import multicast_interchip
from partition.traffic.unicast import traffic

from .hardware import Chip
from .result import Block, Partition


def described(problem: Problem, tiles: dict[str, Tile], placement: Placement, offered: Menus) -> Partition:
    """The partition of ``problem`` into ``tiles``, packed as their menus say, with its facts."""
    packings = {name: next(fit.packing for fit in offered[name] if fit.tile == tile) for name, tile in tiles.items()}
    facts = _facts(problem, tiles, packings, placement, offered)
    return Partition(placement.board.name, tiles, _blocks(placement), packings, facts)


def peak_traffic(
    problem: Problem,
    tiles: Mapping[str, Tile],
    placement: Placement,
    peak_rates_hz: Mapping[str, NDArray[np.floating[Any]]] | None,
) -> dict[str, Any]:
    """The traffic if every neuron fired at its 95th percentile at once, an upper estimate; null without these rates."""
    if peak_rates_hz is None:
        return {"messages_per_step_p95": None, "heaviest_board_link_p95": None}
    rates = {name: np.asarray(values, np.float64) for name, values in peak_rates_hz.items()}
    graph = traffic(problem.network, problem.links, tiles, rates)
    peak = replace(placement, graph=graph)
    messages = {"total": graph.total, "interchip": float(peak.links.sum()), "host": graph.host}
    return {"messages_per_step_p95": messages, "heaviest_board_link_p95": peak.heaviest_link}


def _blocks(placement: Placement) -> tuple[Block, ...]:
    """The blocks with cores numbered in the order of blocks."""
    graph = placement.graph
    used: dict[int, int] = {}
    blocks = []
    for layer, where, chip in zip(graph.layer.tolist(), graph.slices, placement.chip.tolist(), strict=True):
        core = used.get(chip, 0)
        used[chip] = core + 1
        blocks.append(Block(graph.layers[layer], where, chip, core))
    return tuple(blocks)


def _facts(
    problem: Problem,
    tiles: Mapping[str, Tile],
    packings: Mapping[str, Packing],
    placement: Placement,
    offered: Menus,
) -> dict[str, Any]:
    graph, links, board = placement.graph, placement.links, placement.board
    own = {name: placement.chip[graph.layer == number] for number, name in enumerate(graph.layers)}
    simple, simple_chips = baselines(problem, offered, board.chip, placement.chips)
    return {
        "board_chips": board.chips,
        "messages_per_step": {
            "total": graph.total,
            "interchip": float(links.sum()),
            "interchip_multicast": multicast_interchip(problem.network, problem.links, tiles, problem.rates_hz, own),
            "host": graph.host,
        },
        "max_link_load": float((links + links.T).max()),
        "chip_to_chip": links,
        "places": np.stack(np.divmod(placement.places, board.columns), axis=1),
        "hop_messages_per_step": placement.weighted_hops,
        "heaviest_board_link": placement.heaviest_link,
        **gap_facts(float(links.sum()), lower_bound(graph, board.chip.cores)),
        "baselines": simple,
        "baseline_chips": simple_chips,
        "utilization": _fullest(problem, tiles, packings, board.chip),
        "seed": problem.seed,
    }


def _fullest(
    problem: Problem, tiles: Mapping[str, Tile], packings: Mapping[str, Packing], chip: Chip
) -> dict[str, float]:
    """The share of each limit that the fullest core uses; output axons counted as if all left the chip."""
    used = [utilization(p, problem.links, tiles, chip, packings[p.name]) for p in problem.network.chip_populations]

    def share(values: Sequence[Ints], limit: int) -> float:
        return round(max(int(value.max()) for value in values) / limit, 4)

    return {
        "compartments": share([u.compartments for u in used], chip.compartments),
        "in_axons": share([u.in_axons for u in used], chip.in_axons),
        "out_axon_slots": share([u.out_slots + u.crossing_slots for u in used], chip.out_axon_slots),
        "synapse_bits": share([u.synapse_bits for u in used], chip.synapse_bits),
    }
