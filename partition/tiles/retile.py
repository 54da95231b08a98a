"""Tiles and chips together: what each other tile of a layer would save where the blocks now are, then all at once.

For each layer alone, each tile on a short list is put in place of the present one, its blocks go where most of their
neurons were, and moves and swaps follow; that gives the exact messages between chips. A knapsack over these numbers
chooses one tile for every layer, and the result counts only if its exact messages are fewer.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from convert.network import Network
from partition.geometry.blocks import Floats, Ints
from partition.geometry.links import Link
from partition.geometry.tile import Tile
from partition.hardware import Board
from partition.place.local_search import ANNEALING, improve
from partition.place.metis import metis
from partition.place.repair import repair
from partition.traffic.unicast import EdgeCache, TrafficGraph, traffic

from .feasible import FeasibleTiles
from .idle import IdleCosts
from .knapsack import Budget, cheapest_within_axons
from .region_costs import INTRACHIP_PRICE
from .region_placement import place_by_majority


@dataclass(frozen=True)
class Problem:
    """What is to be partitioned, and until when; edges that have been computed are kept.

    ``prices`` are what a message over each link costs if it is between chips that share layers: 1, or less if copies
    are to spare most of them. ``idle`` is what unused compartments cost.
    """

    network: Network
    links: tuple[Link, ...]
    rates_hz: Mapping[str, Floats]
    prices: tuple[float, ...]
    idle: IdleCosts
    seed: int
    deadline_s: float
    _edges: EdgeCache = field(default_factory=dict, init=False, repr=False)

    def graph(self, tiles: Mapping[str, Tile]) -> TrafficGraph:
        return traffic(self.network, self.links, tiles, self.rates_hz, prices=self.prices, known_edges=self._edges)

    @cached_property
    def spikes(self) -> dict[str, Floats]:
        """Spikes per time step of the neurons of every population that sends any, of its shape."""
        return {
            p.name: np.reshape(self.rates_hz[p.name], p.shape) * self.network.dt_s
            for p in self.network.populations
            if self.network.out_of(p.name)
        }

    def idle_cost(self, tiles: Mapping[str, Tile]) -> float:
        """What the unused compartments of all layers cost, in messages between chips per time step."""
        return sum(self.idle[name][tile] for name, tile in tiles.items())

    def in_time(self) -> bool:
        """Whether there is time left to improve what has been found."""
        return time.monotonic() < self.deadline_s


@dataclass(frozen=True)
class Solution:
    """Tiles, their traffic, the chip of each block on ``board``, the messages between chips per time step, and what
    unused compartments cost."""

    tiles: dict[str, Tile]
    graph: TrafficGraph
    board: Board
    chip: Ints
    interchip: float
    idle: float

    @property
    def cost(self) -> float:
        """Messages per time step between chips, all of them and the host's at the price of those within a chip, and
        unused compartments."""
        return self.interchip + INTRACHIP_PRICE * (self.graph.total + self.graph.host) + self.idle


def solution(problem: Problem, tiles: dict[str, Tile], board: Board, starts: Sequence[Ints]) -> Solution:
    """The best placement found from ``starts`` and from METIS by moves and swaps."""
    graph = problem.graph(tiles)
    candidates = [repair(graph, board, start) for start in starts] + [metis(graph, board, seed=problem.seed)]
    improved = [improve(graph, board, chip, seed=problem.seed) for chip in candidates]
    best = min(improved, key=graph.interchip)
    return Solution(tiles, graph, board, best, graph.interchip(best), problem.idle_cost(tiles))


def refine(problem: Problem, start: Solution, shortlist: FeasibleTiles, rounds: int) -> Solution:
    """``start`` after up to ``rounds`` rounds of retiling, until a round gains nothing or time is up."""
    best = start
    for _ in range(rounds):
        costs = _measure(problem, best, shortlist)
        if costs is None:
            return best
        limit = Budget(costs, best.board.cores)
        tiles = cheapest_within_axons(problem.network, problem.links, shortlist, [limit], best.board.chip)
        if tiles is None or tiles == best.tiles:
            return best
        found = solution(problem, tiles, best.board, [_chips_under(problem, best, tiles)])
        if found.cost >= best.cost:
            return best
        best = found
    return best


def annealed(problem: Problem, found: Solution) -> Solution:
    """``found`` with its blocks on other chips if annealing finds fewer messages in time."""
    if not problem.in_time() or found.board.chips == 1:
        return found
    chip = improve(found.graph, found.board, found.chip, seed=problem.seed, annealing=ANNEALING)
    interchip = found.graph.interchip(chip)
    return replace(found, chip=chip, interchip=interchip) if interchip < found.interchip else found


def _measure(problem: Problem, now: Solution, shortlist: FeasibleTiles) -> dict[str, Floats] | None:
    """The cost of each tile of each layer when the other layers keep theirs; None if time ran out."""
    wide = replace(now.board, chip=replace(now.board.chip, cores=2 * now.board.chip.cores))
    costs: dict[str, Floats] = {}
    for name, options in shortlist.items():
        costs[name] = np.full(len(options), now.cost)
        for i, option in enumerate(options):
            if not problem.in_time():
                return None
            if option.tile != now.tiles[name]:
                tiles = now.tiles | {name: option.tile}
                graph = problem.graph(tiles)
                chip = improve(graph, wide, _chips_under(problem, now, tiles), seed=problem.seed, passes=1)
                found = Solution(tiles, graph, wide, chip, graph.interchip(chip), problem.idle_cost(tiles))
                costs[name][i] = found.cost
    return costs


def _chips_under(problem: Problem, now: Solution, tiles: Mapping[str, Tile]) -> Ints:
    """The chip of each block of ``tiles``: the one that holds most of its neurons now."""
    chips = []
    for number, p in enumerate(problem.network.chip_populations):
        own = now.chip[now.graph.layer == number]
        old, new = now.tiles[p.name], tiles[p.name]
        chips.append(own if old == new else place_by_majority(p.shape, old, own, new, now.board.chips))
    return np.concatenate(chips)
