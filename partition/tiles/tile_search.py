"""Tiles and chips of all layers: fitted to several layouts, placed, and the best of them refined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

import numpy as np

from partition.geometry.tile import Tile
from partition.hardware import Board, chips_for

from .align import alignment, layout_costs
from .feasible import FeasibleTile, FeasibleTiles
from .knapsack import budget, cheapest, cheapest_within_axons, estimate, overflowing
from .layouts import layouts, pairs_of_groups, squarest
from .region_costs import RegionCosts
from .region_placement import place_by_region, place_by_slab
from .regions import Group, Layout, balanced_cores, even_cores
from .retile import Problem, Solution, refine, solution

CHIP_COUNTS = 7
"""Numbers of chips that are tried, from the fewest to half as many again. Chosen by hand."""
ALIGNED_LAYOUTS = 30
"""Layouts for which tiles are fitted to each other. Chosen: with 100 the U-Net's messages differ by what another seed
changes (docs/partition.md)."""
PLACED_TILES = 16
"""Choices of tiles whose placement is computed. Chosen by hand."""
REFINED_TILES = 3
"""Of these, the best ones that are refined, unless more are asked for. Chosen by hand."""
REFINEMENT_ROUNDS = 4
"""At most so many rounds of refinement. A limit: a round that gains nothing ends them."""
SHORTLIST = 10
"""Tiles of a layer that refinement tries. Chosen by hand: each costs a placement."""
CORE_PRICES = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Prices of a core for which the cheapest three tiles are on the shortlist, the range of costs over that of cores
being 1: from tiles that only save messages to tiles that only save cores."""


def find_tiles(
    problem: Problem, feasible: FeasibleTiles, board: Board, least_cores: int, refined: int = REFINED_TILES
) -> list[Solution]:
    """The best tiles and chips found on ``board`` for at least ``least_cores``, up to ``refined`` of them, best first.

    Empty if no choice was found whose output axons fit the cores of ``board``.
    """
    idle = {
        name: np.array([problem.idle[name][option.tile] for option in options]) for name, options in feasible.items()
    }
    costs = RegionCosts(problem.network, problem.links, feasible, problem.spikes, problem.prices, idle)
    placed: list[tuple[Solution, Layout]] = []
    for tiles, layout in _fitted(problem, costs, board, least_cores)[:PLACED_TILES]:
        if placed and not problem.in_time():
            break
        graph = problem.graph(tiles)
        starts = [place_by_region(problem.network, tiles, layout), place_by_slab(graph, problem.network, layout)]
        placed.append((solution(problem, tiles, _with_chips(board, layout), starts), layout))
    placed.sort(key=lambda option: option[0].cost)
    found = [
        refine(problem, start, _shortlist(feasible, costs, layout, start), REFINEMENT_ROUNDS)
        for start, layout in placed[:refined]
    ]
    return sorted(found, key=lambda solution: solution.cost)


def _fitted(
    problem: Problem, costs: RegionCosts, board: Board, least_cores: int
) -> list[tuple[dict[str, Tile], Layout]]:
    """Tiles fitted to promising layouts whose output axons fit their cores, the cheapest first."""
    found: dict[tuple[Tile, ...], tuple[float, dict[str, Tile], Layout]] = {}
    fewest = chips_for(least_cores, board.chip)
    while not found and fewest <= board.chips:
        most = min(board.chips, fewest + ceil(fewest / 2))
        numbers = np.unique(np.linspace(fewest, most, CHIP_COUNTS).round().astype(int)).tolist()
        for layout in _promising(problem, costs, board, numbers)[:ALIGNED_LAYOUTS]:
            if found and not problem.in_time():
                break
            for cost, tiles in _fitted_to(problem, costs, board, layout):
                found.setdefault(tuple(tiles.values()), (cost, tiles, layout))
        fewest = most + 1
    return [(tiles, layout) for _, tiles, layout in sorted(found.values(), key=lambda option: option[0])]


def _fitted_to(
    problem: Problem, costs: RegionCosts, board: Board, layout: Layout
) -> Sequence[tuple[float, dict[str, Tile]]]:
    """Tiles fitted to one layout and their costs: for cores however they lie, and for each chip's share."""
    network, links, feasible, chip = problem.network, problem.links, costs.feasible, board.chip
    limits = [budget(costs, group, chip) for group in layout]
    start = cheapest(feasible, limits)
    if start is None:
        return []
    pairs = layout_costs(network, links, problem.prices, problem.spikes, layout, chip)
    searches = [
        alignment(network, feasible, pairs, count_cores, costs.own) for count_cores in (even_cores, balanced_cores)
    ]
    options = [fitted for search in searches if (fitted := search.fit(start)) is not None]
    options = [option for option in options if not overflowing(network, links, option[1], chip)]
    if options:
        return options
    tiles = cheapest_within_axons(network, links, feasible, limits, chip)
    return [] if tiles is None else [(searches[0].cost(tiles), tiles)]


def _promising(problem: Problem, costs: RegionCosts, board: Board, numbers: Sequence[int]) -> list[Layout]:
    """Layouts for these ``numbers`` of chips, cheapest estimate first; few of them once time is up."""
    fewest = {name: min(option.cores for option in options) for name, options in costs.feasible.items()}
    pairs = pairs_of_groups(problem.network.chip_populations, fewest, costs.least_cut, board.chip)
    of_group: dict[Group, float] = {}
    ranked = []
    for chips in numbers:
        if problem.in_time():
            tried = layouts(tuple(fewest), pairs, fewest, chips, board.chip)
        else:
            tried = [(Group(tuple(fewest), grid),) for grid in squarest(chips)]
        for layout in tried:
            for group in layout:
                if group not in of_group:
                    of_group[group] = estimate(costs.feasible, budget(costs, group, board.chip))
            cost = sum(of_group[group] for group in layout)
            if np.isfinite(cost):
                ranked.append((cost, layout))
    ranked.sort(key=lambda option: option[0])
    return [layout for _, layout in ranked]


def _with_chips(board: Board, layout: Layout) -> Board:
    return replace(board, chips=sum(group.chips for group in layout))


def _shortlist(
    feasible: FeasibleTiles, costs: RegionCosts, layout: Layout, now: Solution
) -> dict[str, list[FeasibleTile]]:
    """For each layer the present tile and those with the least estimated cost for some price of a core."""
    short: dict[str, list[FeasibleTile]] = {}
    cost_of = {name: cost for group in layout for name, cost in costs.of(group).items()}
    for name, options in feasible.items():
        size = np.array([option.cores for option in options], np.float64)
        scale = max(float(np.ptp(cost_of[name])), 1e-12) / max(float(np.ptp(size)), 1.0)
        picked = [i for i, option in enumerate(options) if option.tile == now.tiles[name]]
        for price in CORE_PRICES:
            ranked = np.argsort(cost_of[name] + price * scale * size, kind="stable")
            picked += [i for i in ranked[:3].tolist() if i not in picked]
        short[name] = [options[i] for i in picked[:SHORTLIST]]
    return short
