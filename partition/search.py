"""Tiles and chips for a network: the whole search, with no tile typed by hand."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError
from convert.network import INPUT, Network
from partition.board.chip_placement import closer, stand
from partition.board.congestion import lighter
from partition.board.exchange import burden
from partition.geometry.links import chip_links
from partition.geometry.tile import Tile
from partition.place.local_search import improve
from partition.tiles.align import alignment
from partition.tiles.feasible import Fit, menus
from partition.tiles.knapsack import Menus, RegionCosts, budgets, cheapest, choose, estimate, overflowing
from partition.tiles.layouts import layouts
from partition.tiles.regions import Layout, place_balanced, place_regions
from partition.tiles.retile import Problem, Solution, refine, solution
from partition.traffic.unicast import check_rates

from .describe import described, peak_traffic
from .hardware import AUTO, Board, chips_for, find_board, require_cores, smallest_board
from .result import Partition

NUMBERS = 7
"""Numbers of chips that are tried."""
FITTED = 30
"""Layouts for which tiles are fitted to each other."""
PLACED = 16
"""Choices of tiles whose placement is computed."""
REFINED = 3
"""Of these, the best ones that are refined."""
MESSAGES, HOPS, LINK = OBJECTIVES = ("messages", "hops", "link")
"""What is to be least: messages between chips, the weighted hops of these and of messages from the host, or messages
over the heaviest link of the board."""
ROUNDS = 4
"""Rounds of refinement."""
SHORT = 10
"""Tiles of a layer that refinement tries."""
ANNEALING = 400
"""Random exchanges per block at the end."""


def partition(
    network: Network,
    rates_hz: Mapping[str, NDArray[np.floating[Any]]],
    *,
    peak_rates_hz: Mapping[str, NDArray[np.floating[Any]]] | None = None,
    board: str | Board = AUTO,
    chips: int | None = None,
    objective: str = MESSAGES,
    seed: int = 0,
    seconds: float = 120.0,
) -> Partition:
    """The partition of ``network`` with the fewest messages between chips that was found.

    ``rates_hz`` maps each population to the mean rates of its neurons; ``peak_rates_hz``, perhaps, to their 95th
    percentiles, which change no block but tell what traffic there is at most. ``chips`` is the most chips to use,
    ``board`` a board, its name, the name of a JSON file, or 'auto'. With ``objective`` 'hops', blocks and chips are
    moved at the end so that messages take fewer hops, with 'link' so that the heaviest link of the board carries
    fewer, even if more messages cross chips. The same seed gives the same partition unless ``seconds`` cut the search
    short. Raises ``UserError`` if a layer fits no core, the board is too small, or rates are missing.
    """
    begin = time.monotonic()
    peaks = {} if peak_rates_hz is None else {"95th percentile rates": peak_rates_hz}
    _check(network, {"rates": rates_hz} | peaks, chips, seconds, objective)
    links = chip_links(network)
    on_board = _board(board, chips)
    offered = menus(network.chip_populations, links, on_board.chip)
    rates = {name: np.asarray(values, np.float64) for name, values in rates_hz.items()}
    problem = Problem(network, links, rates, seed, begin + seconds)
    least = sum(fits[0].cores for fits in offered.values())
    best = None
    while best is None:
        if board == AUTO and chips is None:
            on_board = smallest_board(least)
        require_cores(on_board, least)
        best = _search(problem, offered, on_board, least)
        least = on_board.cores + 1
    best = _annealed(problem, best)
    placement = stand(best.graph, best.chip, on_board, seed=seed)
    if objective == HOPS:
        placement = closer(placement, seed=seed)
    elif objective == LINK:
        placement = lighter(min(placement, closer(placement, seed=seed), key=burden), seed=seed)
    found = described(problem, best.tiles, placement, offered)
    at_peak = peak_traffic(problem, best.tiles, placement, peak_rates_hz)
    return replace(found, facts=found.facts | at_peak | {"seconds": round(time.monotonic() - begin, 3)})


def _check(
    network: Network,
    rates_hz: Mapping[str, Mapping[str, NDArray[np.floating[Any]]]],
    chips: int | None,
    seconds: float,
    objective: str,
) -> None:
    senders = [p for p in network.populations if network.out_of(p.name)]
    problems = [problem for what, rates in rates_hz.items() for problem in check_rates(senders, rates, what)]
    on_chip = {p.name for p in network.chip_populations}
    problems += [
        f"layer '{p.target}' takes the image itself, which is no spikes; put an encoding layer on the host before it"
        for p in network.projections
        if p.source == INPUT and p.target in on_chip
    ]
    if not on_chip:
        problems.append("the network has no layer on the chip; nothing is to be partitioned")
    if chips is not None and chips < 1:
        problems.append(f"chips is {chips}; use at least 1")
    if not seconds > 0:
        problems.append(f"seconds is {seconds}; use more than 0")
    if objective not in OBJECTIVES:
        problems.append(f"objective '{objective}' is not known; choose one of {', '.join(OBJECTIVES)}")
    if problems:
        raise UserError(problems)


def _board(board: str | Board, chips: int | None) -> Board:
    """The board, with no more chips than asked for."""
    if isinstance(board, Board):
        found = board
    elif board == AUTO:
        found = smallest_board((chips or 1) * smallest_board(1).chip.cores)
    else:
        found = find_board(board)
    if chips is None:
        return found
    if chips > found.chips:
        raise UserError(f"board '{found.name}' has {found.chips} chips, {chips} were asked for; ask for fewer")
    return replace(found, chips=chips)


def _search(problem: Problem, offered: Menus, board: Board, least: int) -> Solution | None:
    """Tiles fitted to several numbers of chips and layouts, and placed; the best of them refined.

    None if no choice was found whose output axons fit the cores of ``board``.
    """
    costs = RegionCosts(problem.network, problem.links, offered, problem.spikes)
    placed: list[tuple[Solution, Layout]] = []
    for tiles, layout in _fitted(problem, costs, board, least)[:PLACED]:
        if placed and not problem.in_time:
            break
        graph = problem.graph(tiles)
        starts = [place_regions(problem.network, tiles, layout), place_balanced(graph, problem.network, layout)]
        placed.append((solution(problem, tiles, _with_chips(board, layout), starts), layout))
    if not placed:
        return None
    placed.sort(key=lambda option: option[0].price)
    refined = [
        refine(problem, start, _shortlist(offered, costs, layout, start), ROUNDS) for start, layout in placed[:REFINED]
    ]
    return min(refined, key=lambda found: found.price)


def _fitted(problem: Problem, costs: RegionCosts, board: Board, least: int) -> list[tuple[dict[str, Tile], Layout]]:
    """Tiles fitted to promising layouts whose output axons fit their cores, the cheapest first."""
    network, links, menus, chip = problem.network, problem.links, costs.menus, board.chip
    found: dict[tuple[Tile, ...], tuple[float, dict[str, Tile], Layout]] = {}
    for layout in _promising(problem, costs, board, least)[:FITTED]:
        if found and not problem.in_time:
            break
        limits = budgets(costs, layout, chip)
        start = cheapest(menus, limits)
        if start is None:
            continue
        searches = [
            alignment(network, links, menus, problem.spikes, layout, chip, balanced=balanced)
            for balanced in (False, True)
        ]
        options = [fitted for search in searches if (fitted := search.fit(start)) is not None]
        options = [option for option in options if not overflowing(network, links, option[1], chip)]
        if not options and (tiles := choose(network, links, menus, limits, chip)) is not None:
            options = [(searches[0].cost(tiles), tiles)]
        for cost, tiles in options:
            found.setdefault(tuple(tiles.values()), (cost, tiles, layout))
    return [(tiles, layout) for _, tiles, layout in sorted(found.values(), key=lambda option: option[0])]


def _promising(problem: Problem, costs: RegionCosts, board: Board, least: int) -> list[Layout]:
    """Layouts for the fewest chips and up to half as many again, cheapest estimate first."""
    fewest = {name: min(fit.cores for fit in fits) for name, fits in costs.menus.items()}
    start = chips_for(least, board.chip)
    numbers = np.unique(np.linspace(start, min(board.chips, start + ceil(start / 2)), NUMBERS).round().astype(int))
    ranked = []
    for chips in numbers.tolist():
        for layout in layouts(problem.network.chip_populations, fewest, chips, board.chip):
            price = estimate(costs, budgets(costs, layout, board.chip))
            if np.isfinite(price):
                ranked.append((price, layout))
    ranked.sort(key=lambda option: option[0])
    return [layout for _, layout in ranked]


def _with_chips(board: Board, layout: Layout) -> Board:
    return replace(board, chips=sum(group.chips for group in layout))


def _shortlist(offered: Menus, costs: RegionCosts, layout: Layout, now: Solution) -> dict[str, list[Fit]]:
    """For each layer the present tile and those with the least estimated cost for some price of a core."""
    short: dict[str, list[Fit]] = {}
    price = {name: cost for group in layout for name, cost in costs.of(group).items()}
    for name, fits in offered.items():
        size = np.array([fit.cores for fit in fits], np.float64)
        scale = max(float(np.ptp(price[name])), 1e-12) / max(float(np.ptp(size)), 1.0)
        picked = [i for i, fit in enumerate(fits) if fit.tile == now.tiles[name]]
        for weight in (0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0):
            ranked = np.argsort(price[name] + weight * scale * size, kind="stable")
            picked += [i for i in ranked[:3].tolist() if i not in picked]
        short[name] = [fits[i] for i in picked[:SHORT]]
    return short


def _annealed(problem: Problem, found: Solution) -> Solution:
    if not problem.in_time or found.board.chips == 1:
        return found
    chip = improve(found.graph, found.board, found.chip, seed=problem.seed, annealing=ANNEALING)
    interchip = found.graph.interchip(chip)
    return replace(found, chip=chip, interchip=interchip) if interchip < found.interchip else found
