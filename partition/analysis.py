"""What is known about a partition: traffic, bound, what simple placers reach, how full its cores are."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np
from msgspec import UNSET

from convert.timings import now, this_machine
from partition.board.chip_placement import Placement
from partition.bounds.spreading_metric import lower_bound
from partition.copies.cores import cores_used
from partition.copies.traffic import CopiedTraffic, copied_traffic
from partition.copies.wiring import Wiring
from partition.core.packing import Packing
from partition.geometry.blocks import Ints
from partition.geometry.tile import Tile
from partition.tiles.feasible import FeasibleTiles
from partition.tiles.hand_tiles import baselines
from partition.tiles.retile import Problem
from partition.traffic.multicast import multicast_interchip
from partition.traffic.unicast import Rates, traffic

from .block import Block, Copy
from .report import Fullest, LayerTiling, Messages, PartitionReport, PartitionTimings, PeakMessages, optimality_gap
from .result import Partition


@dataclass(frozen=True)
class SearchResult:
    """What a search ends with: the tiles of ``problem``, and the chip of each block on its board.

    ``copies`` are placed as blocks behind the others.
    """

    problem: Problem
    tiles: dict[str, Tile]
    placement: Placement
    feasible: FeasibleTiles
    copies: tuple[Copy, ...] = ()

    @property
    def packings(self) -> dict[str, Packing]:
        """The packing of each layer, as its feasible tiles say."""
        return packings_of(self.tiles, self.feasible)

    @property
    def wiring(self) -> Wiring:
        """The blocks and copies on their chips."""
        chip = self.placement.chip
        blocks = len(chip) - len(self.copies)
        copies = [replace(copy, chip=number) for copy, number in zip(self.copies, chip[blocks:].tolist(), strict=True)]
        return Wiring(self.problem.network, self.tiles, self.packings, chip[:blocks], copies)

    def traffic(self, rates_hz: Rates) -> CopiedTraffic:
        """The messages per time step if neurons fired at these rates, multicast of chips included."""
        return copied_traffic(self.wiring, self.problem.links, rates_hz)


def packings_of(tiles: Mapping[str, Tile], feasible: FeasibleTiles) -> dict[str, Packing]:
    """The packing of each layer, as its feasible tiles say."""
    return {
        name: next(option.packing for option in feasible[name] if option.tile == tile) for name, tile in tiles.items()
    }


def analyzed(found: SearchResult, peak_rates_hz: Rates | None, begin_s: float) -> Partition:
    """The partition that a search has found, with its report; it began at ``begin_s`` of ``time.monotonic``.

    ``peak_rates_hz`` are 95th percentiles of the rates of every neuron, each of its population's shape.
    """
    on_cores, board = _blocks(found.placement), found.placement.board
    blocks = on_cores[: len(on_cores) - len(found.copies)]
    copies = tuple(
        replace(copy, chip=block.chip, core=block.core)
        for copy, block in zip(found.copies, on_cores[len(blocks) :], strict=True)
    )
    report = _report(found, blocks, copies, _peak(found, peak_rates_hz))
    seconds = round(time.monotonic() - begin_s, 3)
    cut_short = not found.problem.in_time()
    timings = PartitionTimings(machine=this_machine(), finished=now(), seconds=seconds, cut_short=cut_short)
    report = msgspec.structs.replace(report, timings=timings)
    return Partition(board, found.tiles, blocks, found.packings, report, copies)


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
    if found.copies:
        graph = found.traffic(rates).graph
    else:
        graph = traffic(found.problem.network, found.problem.links, found.tiles, rates)
    peak = replace(found.placement, graph=graph)
    messages = PeakMessages(total=graph.total, interchip=float(peak.links.sum()), host=graph.host)
    return messages, peak.heaviest_link


def _report(
    found: SearchResult,
    blocks: tuple[Block, ...],
    copies: tuple[Copy, ...],
    peak: tuple[PeakMessages | None, float | None],
) -> PartitionReport:
    placement, problem = found.placement, found.problem
    board, links, messages = placement.board, placement.links, _messages(found)
    bound = 0.0 if copies else lower_bound(placement.graph, board.chip.cores, in_time=problem.in_time)
    simple, simple_chips = baselines(problem, found.feasible, board.chip, placement.chips)
    return PartitionReport(
        board=board.name,
        hardware=board,
        board_chips=board.chips,
        chips=placement.chips,
        cores=len(blocks) + len(copies),
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
        copies=copies or UNSET,
    )


def _tilings(found: SearchResult, blocks: Sequence[Block]) -> tuple[LayerTiling, ...]:
    packings, counts = found.packings, Counter(block.layer for block in blocks)
    sent = found.placement.graph.interchip_of_layers(found.placement.chip)
    return tuple(
        LayerTiling(name=name, tile=tile, blocks=counts[name], packing=packings[name], interchip=sent[name])
        for name, tile in found.tiles.items()
    )


def _messages(found: SearchResult) -> Messages:
    problem, placement = found.problem, found.placement
    graph = placement.graph
    interchip = float(placement.links.sum())
    if found.copies:
        multicast = found.traffic(problem.rates_hz).multicast
        return Messages(total=graph.total, interchip=interchip, interchip_multicast=multicast, host=graph.host)
    chips = {name: placement.chip[graph.layer == number] for number, name in enumerate(graph.layers)}
    multicast = multicast_interchip(problem.network, problem.links, found.tiles, problem.rates_hz, chips)
    return Messages(total=graph.total, interchip=interchip, interchip_multicast=multicast, host=graph.host)


def _fullest(found: SearchResult) -> Fullest:
    chip = found.placement.board.chip
    used = cores_used(found.wiring, found.problem.links, chip)

    def share(values: Ints, limit: int) -> float:
        return round(int(values.max()) / limit, 4)

    return Fullest(
        compartments=share(used.compartments, chip.compartments),
        in_axons=share(used.in_axons, chip.in_axons),
        out_axon_slots=share(used.out_slots, chip.out_axon_slots),
        synapse_bits=share(used.synapse_bits, chip.synapse_bits),
    )
