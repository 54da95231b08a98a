"""What is known about a partition: traffic, bound, what simple placers reach, how full its cores are."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from convert.timings import now, this_machine
from partition.board.chip_placement import Placement
from partition.bounds.spreading_metric import lower_bound
from partition.core.packing import Packing
from partition.core.utilization import utilization
from partition.geometry.blocks import Ints
from partition.geometry.tile import Tile
from partition.tiles.feasible import FeasibleTiles
from partition.tiles.hand_tiles import baselines
from partition.tiles.retile import Problem
from partition.traffic.multicast import multicast_interchip
from partition.traffic.unicast import Rates, traffic

from .block import Block
from .report import Fullest, LayerTiling, Messages, PartitionReport, PartitionTimings, PeakMessages, optimality_gap
from .result import Partition


@dataclass(frozen=True)
class SearchResult:
    """What a search ends with: the tiles of ``problem``, and the chip of each block on its board."""

    problem: Problem
    tiles: dict[str, Tile]
    placement: Placement
    feasible: FeasibleTiles

    @property
    def packings(self) -> dict[str, Packing]:
        """The packing of each layer, as its feasible tiles say."""
        return {
            name: next(option.packing for option in self.feasible[name] if option.tile == tile)
            for name, tile in self.tiles.items()
        }


def analyzed(found: SearchResult, peak_rates_hz: Rates | None, begin_s: float) -> Partition:
    """The partition that a search has found, with its report; it began at ``begin_s`` of ``time.monotonic``.

    ``peak_rates_hz`` are 95th percentiles of the rates of every neuron, each of its population's shape.
    """
    blocks, board = _blocks(found.placement), found.placement.board
    report = _report(found, blocks, _peak(found, peak_rates_hz))
    seconds = round(time.monotonic() - begin_s, 3)
    cut_short = not found.problem.in_time()
    timings = PartitionTimings(machine=this_machine(), finished=now(), seconds=seconds, cut_short=cut_short)
    report = msgspec.structs.replace(report, timings=timings)
    return Partition(board, found.tiles, blocks, found.packings, report)


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


def _peak(found: SearchResult, peak_rates_hz: Rates | None) -> tuple[PeakMessages, float] | tuple[None, None]:
    """The traffic if every neuron fired at its 95th percentile at once, and that of the heaviest link."""
    if peak_rates_hz is None:
        return None, None
    rates = {name: np.asarray(values, np.float64) for name, values in peak_rates_hz.items()}
    graph = traffic(found.problem.network, found.problem.links, found.tiles, rates)
    peak = replace(found.placement, graph=graph)
    messages = PeakMessages(total=graph.total, interchip=float(peak.links.sum()), host=graph.host)
    return messages, peak.heaviest_link


def _report(
    found: SearchResult, blocks: tuple[Block, ...], peak: tuple[PeakMessages | None, float | None]
) -> PartitionReport:
    placement, problem = found.placement, found.problem
    board, links, messages = placement.board, placement.links, _messages(found)
    bound = lower_bound(placement.graph, board.chip.cores, in_time=problem.in_time)
    simple, simple_chips = baselines(problem, found.feasible, board.chip, placement.chips)
    return PartitionReport(
        board=board.name,
        hardware=board,
        board_chips=board.chips,
        chips=placement.chips,
        cores=len(blocks),
        layers=_tilings(found, blocks),
        messages_per_step=messages,
        max_link_load=float((links + links.T).max()),
        chip_to_chip=tuple(map(tuple, links.tolist())),
        places=tuple(divmod(place, board.columns) for place in placement.places.tolist()),
        hop_messages_per_step=placement.weighted_hops,
        heaviest_board_link=placement.heaviest_link,
        lower_bound_interchip=bound,
        optimality_gap=optimality_gap(messages.interchip, bound),
        baselines=simple,
        baseline_chips=simple_chips,
        utilization=_fullest(found),
        seed=problem.seed,
        messages_per_step_p95=peak[0],
        heaviest_board_link_p95=peak[1],
        blocks=blocks,
    )


def _tilings(found: SearchResult, blocks: Sequence[Block]) -> tuple[LayerTiling, ...]:
    packings, counts = found.packings, Counter(block.layer for block in blocks)
    return tuple(
        LayerTiling(name=name, tile=tile, blocks=counts[name], packing=packings[name])
        for name, tile in found.tiles.items()
    )


def _messages(found: SearchResult) -> Messages:
    problem, placement = found.problem, found.placement
    graph = placement.graph
    chips = {name: placement.chip[graph.layer == number] for number, name in enumerate(graph.layers)}
    multicast = multicast_interchip(problem.network, problem.links, found.tiles, problem.rates_hz, chips)
    interchip = float(placement.links.sum())
    return Messages(total=graph.total, interchip=interchip, interchip_multicast=multicast, host=graph.host)


def _fullest(found: SearchResult) -> Fullest:
    problem, chip, packings = found.problem, found.placement.board.chip, found.packings
    used = [
        utilization(p, problem.links, found.tiles, chip, packings[p.name]) for p in problem.network.chip_populations
    ]

    def share(values: Sequence[Ints], limit: int) -> float:
        return round(max(int(value.max()) for value in values) / limit, 4)

    return Fullest(
        compartments=share([u.compartments for u in used], chip.compartments),
        in_axons=share([u.in_axons for u in used], chip.in_axons),
        out_axon_slots=share([u.out_slots + u.crossing_slots for u in used], chip.out_axon_slots),
        synapse_bits=share([u.synapse_bits for u in used], chip.synapse_bits),
    )
