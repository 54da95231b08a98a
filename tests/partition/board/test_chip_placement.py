"""Chips on the board, on boards small enough to try every arrangement."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy import sparse

from partition import partition
from partition.board.chip_placement import Placement, distances, place_chips, reduce_hops
from partition.hardware import Board, Chip
from partition.traffic.unicast import TrafficGraph
from tests.builders.shaped_networks import random_graph, random_rates, unet

BOARD = Board("2 x 3", 6, 3, "a test", Chip(cores=2), hop_weights=(1.0, 2.5), host=4)


def test_distances_are_weighted_steps_along_rows_and_columns():
    far = distances(BOARD)
    assert (far == far.T).all()
    assert far[0].tolist() == [0.0, 1.0, 2.0, 2.5, 3.5, 4.5]


@pytest.mark.parametrize("seed", range(5))
def test_chips_stand_where_the_fewest_hops_are(seed):
    graph = random_graph(8, seed)
    chip = np.array([3, 3, 0, 0, 1, 1, 5, 5])
    found = place_chips(graph, chip, BOARD, seed=0)
    assert found.chip.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    every = (Placement(graph, BOARD, found.chip, np.array(places)) for places in permutations(range(6), 4))
    assert found.weighted_hops == pytest.approx(min(option.weighted_hops for option in every))


def test_hops_and_the_heaviest_link_by_hand():
    messages = sparse.csr_array(np.array([[0, 7.0, 0], [0, 0, 3.0], [2.0, 0, 0]]))
    graph = TrafficGraph(("a",), np.zeros(3, int), (((0, 1),) * 3,) * 3, messages, np.array([1.0, 0, 0]))
    placement = Placement(graph, BOARD, np.arange(3), np.array([0, 2, 5]))
    # 0 to 2: two columns; 2 to 5: one row; 5 to 0: two columns, one row; the host, at 4, to 0: one of each
    assert placement.weighted_hops == pytest.approx(7 * 2 + 3 * 2.5 + 2 * 4.5 + 1 * 3.5)
    assert placement.heaviest_link == 7.0


@pytest.mark.parametrize("seed", range(5))
def test_blocks_move_closer_and_keep_to_the_chips(seed):
    graph = random_graph(10, seed)
    start = place_chips(graph, np.arange(10) % 5, BOARD, seed=0)
    found = reduce_hops(start, seed=0)
    assert found.weighted_hops <= start.weighted_hops
    assert np.bincount(found.chip).max() <= BOARD.chip.cores


@pytest.mark.slow
def test_with_hops_as_objective_messages_take_fewer_hops():
    network = unet(32, [8, 16])
    rates = random_rates(network)
    board = Board("b", 4, 2, "a test", Chip(cores=30), host=3)
    fewest, nearest = (partition(network, rates, board=board, objective=name).report for name in ("messages", "hops"))
    assert nearest.hop_messages_per_step <= fewest.hop_messages_per_step
    assert nearest.messages_per_step.interchip >= fewest.messages_per_step.interchip * 0.999
    assert len(set(fewest.places)) == len(fewest.places)
