"""Tiles and chips where neurons may be computed twice: of several choices the one with fewest messages then."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from partition.board.chip_placement import place_chips
from partition.copies.fits import Fits
from partition.copies.plan import plan_copies
from partition.copies.traffic import copied_traffic
from partition.copies.wiring import Wiring
from partition.geometry.blocks import Ints
from partition.tiles.feasible import FeasibleTiles
from partition.tiles.retile import Problem, Solution, annealed
from partition.traffic.unicast import TrafficGraph

from .analysis import SearchResult, packings_of
from .hardware import Board

CANDIDATES = 8
"""Choices of tiles for which copies are planned, those with the fewest messages without. Chosen by hand: which is best
with copies shows only then, and the U-Net's differ by a quarter (docs/partition.md)."""
HALO_PRICE = 0.15
"""What a message between chips costs while tiles are sought if its neuron takes spikes from the host alone: copies of
such neurons ask for no message, so most of these are spared. Chosen by hand: between 0.1 and 0.5 nothing is gained."""


def with_halo_prices(problem: Problem, fits: Fits) -> Problem:
    """``problem`` with what a message over each link costs if copies are to be made."""
    from_chip = {link.target for links in fits.from_chip.values() for link in links}
    cheap = set(fits.layers) - from_chip
    return replace(problem, prices=tuple(HALO_PRICE if link.source in cheap else 1.0 for link in problem.links))


def fewest_with_copies(
    problem: Problem,
    fits: Fits,
    candidates: Sequence[Solution],
    feasible: FeasibleTiles,
    board: Board,
    most: int,
    end_s: float,
) -> SearchResult:
    """Of ``candidates`` the one that sends fewest messages with the copies planned for it, sought until ``end_s``.

    At least the first one is looked at; no chip gets more than ``most`` copies. ``problem`` has the prices that the
    candidates were found with.
    """
    exact = replace(problem, prices=(1.0,) * len(problem.links))
    best: tuple[float, Solution, Wiring, TrafficGraph] | None = None
    for candidate in candidates:
        if best is not None and time.monotonic() > end_s:
            break
        found = annealed(problem, candidate)
        chip, packings = _in_order(found.chip), packings_of(found.tiles, feasible)
        copies = plan_copies(fits, found.tiles, packings, problem.spikes, chip, most, lambda: time.monotonic() < end_s)
        wiring = Wiring(problem.network, found.tiles, packings, chip, copies)
        graph = copied_traffic(wiring, problem.links, problem.rates_hz).graph
        messages = graph.interchip(wiring.chip_of)
        if best is None or messages < best[0]:
            best = messages, found, wiring, graph
    assert best is not None, "there is a candidate"
    _, found, wiring, graph = best
    if problem.in_time():  # what has been found so far was not cut short
        exact = replace(exact, deadline_s=end_s)
    placement = place_chips(graph, wiring.chip_of, board, seed=problem.seed)
    return SearchResult(exact, found.tiles, placement, feasible, tuple(wiring.copies))


def _in_order(chip: Ints) -> Ints:
    """The chips numbered from 0 in the order of their first blocks."""
    number = {old: new for new, old in enumerate(dict.fromkeys(chip.tolist()))}
    return np.array([number[old] for old in chip.tolist()], np.int64)
