"""Tiles and chips for a network: the whole search, with no tile typed by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from math import ceil

import numpy as np

from convert.errors import UserError
from convert.network import INPUT, Network
from partition.board.chip_placement import InTime, Placement, place_chips, reduce_hops
from partition.board.chip_swaps import link_cost
from partition.board.congestion import reduce_peak_load
from partition.copies.fits import Fits
from partition.geometry.links import links_onto_chip
from partition.tiles.feasible import FeasibleTiles, feasible_tiles_of_layers
from partition.tiles.idle import idle_costs
from partition.tiles.retile import Problem, Solution, annealed
from partition.tiles.tile_search import REFINED_TILES, find_tiles
from partition.traffic.unicast import Rates, check_rates

from .analysis import SearchResult, analyzed
from .board_file import find_board
from .copied_search import CANDIDATES, fewest_with_copies, with_halo_prices
from .hardware import AUTO, Board, require_cores, smallest_board
from .options import Objective, SearchOptions
from .result import Partition

FOR_BLOCKS = 0.75
"""The share of the time that blocks get where copies are to be found too. Chosen by hand."""


def partition(
    network: Network,
    rates_hz: Rates,
    *,
    peak_rates_hz: Rates | None = None,
    board: str | Board = SearchOptions.board,
    chips: int | None = SearchOptions.chips,
    objective: Objective = SearchOptions.objective,
    seed: int = SearchOptions.seed,
    seconds: float = SearchOptions.seconds,
    copies: int = SearchOptions.copies,
) -> Partition:
    """The partition of ``network`` with the fewest messages between chips that was found.

    ``rates_hz`` maps each population to the mean rates of its neurons; ``peak_rates_hz``, perhaps, to their 95th
    percentiles, which change no block but tell what traffic there is at most. ``chips`` is the most chips to use,
    ``board`` a board, its name, the name of a JSON file, or 'auto'. With ``objective`` 'hops', blocks and chips are
    moved at the end so that messages take fewer hops, with 'link' so that the heaviest link of the board carries
    fewer, even if more messages cross chips. Blocks leave ``copies`` cores of each chip to neurons that are computed
    twice, on the chip that needs their spikes too. The same seed gives the same partition unless ``seconds`` cut the
    search short. Raises ``UserError`` if a layer fits no core, the board is too small, or rates are missing.
    """
    begin_s = time.monotonic()
    options = SearchOptions(board, chips, objective, seed, seconds, copies)
    _check(network, options, rates_hz, peak_rates_hz)
    links, first_board = links_onto_chip(network), chosen_board(options)
    feasible = feasible_tiles_of_layers(network.chip_populations, links, first_board.chip)
    rates = {name: np.asarray(values, np.float64) for name, values in rates_hz.items()}
    prices, share = (1.0,) * len(links), FOR_BLOCKS if copies else 1.0
    idle = idle_costs(network, links, feasible, rates)
    problem = Problem(network, links, rates, prices, idle, seed, begin_s + share * seconds)
    if copies:
        fits = Fits(network, links, first_board.chip)
        problem = with_halo_prices(problem, fits)
        candidates, on_board = _candidates(problem, feasible, first_board, options, CANDIDATES)
        found = fewest_with_copies(problem, fits, candidates, feasible, on_board, copies, begin_s + seconds)
        return analyzed(found, peak_rates_hz, begin_s)
    candidates, on_board = _candidates(problem, feasible, first_board, options, REFINED_TILES)
    best = annealed(problem, candidates[0])
    placement = place_chips(best.graph, best.chip, on_board, seed=seed)
    placement = IMPROVE[objective](placement, seed, problem.in_time)
    return analyzed(SearchResult(problem, best.tiles, placement, feasible), peak_rates_hz, begin_s)


def _check(network: Network, options: SearchOptions, rates_hz: Rates, peak_rates_hz: Rates | None) -> None:
    senders = [p for p in network.populations if network.out_of(p.name)]
    problems = check_rates(senders, rates_hz)
    if peak_rates_hz is not None:
        problems += check_rates(senders, peak_rates_hz, "95th percentile rates")
    on_chip = {p.name for p in network.chip_populations}
    problems += [
        f"layer '{p.target}' takes the image itself, which is no spikes; put an encoding layer on the host before it"
        for p in network.projections
        if p.source == INPUT and p.target in on_chip
    ]
    if not on_chip:
        problems.append("the network has no layer on the chip; nothing is to be partitioned")
    if problems := [*problems, *options.problems()]:
        raise UserError(problems)


def chosen_board(options: SearchOptions) -> Board:
    """The board, with no more chips than asked for. Raises ``UserError``."""
    board, chips = options.board, options.chips
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


def _require_cores_beside_copies(board: Board, for_blocks: Board, least: int) -> None:
    """Raises ``UserError`` if the cores that copies leave do not suffice, and says whether copies are in the way."""
    if for_blocks.cores < least <= board.cores:
        kept, most = board.chip.cores - for_blocks.chip.cores, board.chip.cores - ceil(least / board.chips)
        raise UserError(
            f"board '{board.name}': the network needs at least {least} cores, {board.chips} x "
            f"{for_blocks.chip.cores} = {for_blocks.cores} are there beside {kept} for copies on each chip; "
            f"keep no more than {most} of them"
        )
    require_cores(for_blocks, least)


def _candidates(
    problem: Problem, feasible: FeasibleTiles, board: Board, options: SearchOptions, number: int
) -> tuple[list[Solution], Board]:
    """Up to ``number`` choices of tiles and chips, and the board: ``board``, or the smallest that serves if any is
    allowed."""
    least = sum(tiles[0].cores for tiles in feasible.values())
    while True:
        if options.board == AUTO and options.chips is None:
            cores = board.chip.cores
            board = smallest_board(ceil(least * cores / (cores - options.copies)))
        for_blocks = replace(board, chip=replace(board.chip, cores=board.chip.cores - options.copies))
        _require_cores_beside_copies(board, for_blocks, least)
        found = find_tiles(problem, feasible, for_blocks, least, number)
        if found:
            return found, board
        least = for_blocks.cores + 1


def _fewest_messages_already(placement: Placement, seed: int, in_time: InTime) -> Placement:
    return placement


def _fewest_hops(placement: Placement, seed: int, in_time: InTime) -> Placement:
    return reduce_hops(placement, seed=seed, in_time=in_time)


def _lightest_link(placement: Placement, seed: int, in_time: InTime) -> Placement:
    start = min(placement, reduce_hops(placement, seed=seed, in_time=in_time), key=link_cost)
    return reduce_peak_load(start, seed=seed, in_time=in_time)


IMPROVE: dict[Objective, Callable[[Placement, int, InTime], Placement]] = {
    "messages": _fewest_messages_already,
    "hops": _fewest_hops,
    "link": _lightest_link,
}
"""What each objective does to the placement with the fewest messages."""
