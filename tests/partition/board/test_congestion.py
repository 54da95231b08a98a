"""The heaviest link of the board, on boards small enough to try every arrangement."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from partition import analysis, partition
from partition.board.chip_placement import STARTS, Placement, distances, place_chips, reduce_hops
from partition.board.chip_swaps import link_cost, swap_chips
from partition.board.congestion import reduce_peak_load
from partition.board.routes import link_loads, link_numbers, route_prices
from partition.hardware import Board, Chip
from partition.tiles import tile_search
from tests.builders.shaped_networks import random_graph, random_rates, unet

BOARD = Board("2 x 3", 6, 3, "a test", Chip(cores=2), hop_weights=(1.0, 2.5), host=4)
WIDE = Board("3 x 4, two missing", 10, 4, "a test", Chip(cores=4), host=9)


def walked(board, start, end):
    """The links from place to place, one step at a time: each the pair of places that it joins."""
    (row, column), (to_row, to_column) = divmod(start, board.columns), divmod(end, board.columns)
    links = []
    while column != to_column:
        step = 1 if to_column > column else -1
        links.append(frozenset(((row, column), (row, column + step))))
        column += step
    while row != to_row:
        step = 1 if to_row > row else -1
        links.append(frozenset(((row, column), (row + step, column))))
        row += step
    return links


@pytest.mark.parametrize("board", [BOARD, WIDE], ids=["full", "ragged"])
def test_loads_are_those_of_messages_that_walk(board):
    rng = np.random.default_rng(0)
    start, end = rng.integers(board.chips, size=(2, 50))
    messages = rng.random(50)
    loads: dict[frozenset[tuple[int, int]], float] = {}
    for a, b, load in zip(start.tolist(), end.tolist(), messages, strict=True):
        for link in walked(board, a, b):
            loads[link] = loads.get(link, 0.0) + load
    found = link_loads(board, start, end, messages)
    assert np.allclose(np.sort(found[found > 1e-9]), np.sort(list(loads.values())))


def test_prices_add_up_along_the_way():
    rows = -(-WIDE.chips // WIDE.columns)
    weights = np.repeat((2.0, 5.0), rows * WIDE.columns)
    assert np.allclose(route_prices(WIDE, weights), distances(replace(WIDE, hop_weights=(2.0, 5.0))))
    prices = np.random.default_rng(1).random(link_numbers(WIDE))
    there = route_prices(WIDE, prices)
    for a, b in permutations(range(WIDE.chips), 2):
        load = link_loads(WIDE, np.array([a]), np.array([b]), np.ones(1))
        assert there[a, b] == pytest.approx(load @ prices)


@pytest.mark.parametrize("seed", range(8))
def test_chips_stand_where_the_heaviest_link_is_lightest(seed):
    start = place_chips(random_graph(10, seed), np.arange(10) % 5, BOARD, seed=0)
    every = (replace(start, places=np.array(places)) for places in permutations(range(6), 5))
    heaviest, hops = link_cost(min(every, key=link_cost))
    found = link_cost(swap_chips(start, seed=0, starts=STARTS))
    assert found[0] <= heaviest * 1.03
    assert found[0] > heaviest or found[1] <= hops * 1.1


@pytest.mark.parametrize("seed", range(8))
def test_it_gets_no_heavier_and_the_chips_keep_their_limit(seed):
    graph = random_graph(20, seed)
    start = place_chips(graph, np.arange(20) % 6, WIDE, seed=seed)
    found = reduce_peak_load(start, seed=seed)
    assert link_cost(found) <= link_cost(start)
    assert found.heaviest_link < start.heaviest_link
    assert np.bincount(found.chip).max() <= WIDE.chip.cores
    assert len(set(found.places.tolist())) == found.chips == found.chip.max() + 1
    again = reduce_peak_load(start, seed=seed)
    assert (again.chip == found.chip).all()
    assert (again.places == found.places).all()


def test_it_is_near_the_best_of_all_placements():
    graph, board = random_graph(6, 3), Board("2 x 2", 4, 2, "a test", Chip(cores=2), host=3)
    every = [np.array(p) for p in np.ndindex(4, 4, 4, 4, 4, 4) if np.bincount(p).max() <= 2]
    best = min(Placement(graph, board, chip, np.arange(4)).heaviest_link for chip in every)
    found = reduce_peak_load(place_chips(graph, np.array([0, 0, 1, 1, 2, 3]), board, seed=0), seed=0)
    assert found.heaviest_link <= best * 1.1


def test_a_board_without_any_load_is_left_alone():
    graph = random_graph(4, 0)
    silent = replace(graph, messages=graph.messages * 0.0, from_host=np.zeros(4))
    start = place_chips(silent, np.array([0, 0, 1, 1]), BOARD, seed=0)
    assert reduce_peak_load(start, seed=0).heaviest_link == 0.0


def test_with_link_as_objective_no_other_has_a_lighter_heaviest_link(monkeypatch):
    for name in ("ALIGNED_LAYOUTS", "PLACED_TILES", "REFINED_TILES", "REFINEMENT_ROUNDS"):
        monkeypatch.setattr(tile_search, name, 1)
    monkeypatch.setattr(analysis, "lower_bound", lambda graph, cores, in_time: 0.0)
    network = unet(32, [8, 16])
    rates = random_rates(network)
    board = Board("b", 4, 2, "a test", Chip(cores=30), host=3)
    link, messages, hops = (
        partition(network, rates, board=board, objective=name).report.heaviest_board_link
        for name in ("link", "messages", "hops")
    )
    assert link <= min(messages, hops)
    assert link < messages


def test_when_time_is_up_nothing_more_is_improved():
    board = Board("b", 8, 4, "a test", Chip(cores=6), host=3)
    start = place_chips(random_graph(40, 2), np.arange(40) % 8, board, seed=0)

    def calls(limit: int):
        left = iter([True] * limit)
        return lambda: next(left, False)

    for reduce, cost in ((reduce_hops, lambda found: found.weighted_hops), (reduce_peak_load, link_cost)):
        none, some, all_of_it = (cost(reduce(start, seed=0, in_time=calls(limit))) for limit in (0, 2, 1000))
        assert cost(start) == none
        assert all_of_it <= some <= none
        assert all_of_it < none


def test_few_hops_are_a_start_too():
    start = place_chips(random_graph(10, 1), np.arange(10) % 5, BOARD, seed=0)
    near = reduce_hops(start, seed=0)
    assert link_cost(reduce_peak_load(near, seed=0)) <= link_cost(near)
