"""The bound for two chips against the best of all placements."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from networks import blocks_of_one_layer

from partition.hardware import LOIHI, Board
from partition.prove import PROVED, proved_bound


def board(chips, cores):
    return Board("test", chips, chips, "a test", replace(LOIHI, cores=cores))


def messages_of_the_best(graph, chips, cores):
    placements = (np.array((0, *chip)) for chip in product(range(chips), repeat=graph.blocks - 1))
    return min(graph.interchip(chip) for chip in placements if np.bincount(chip, minlength=chips).max() <= cores)


def random_graph(blocks, seed):
    rng = np.random.default_rng(seed)
    return blocks_of_one_layer(np.triu(rng.random((blocks, blocks)) * (rng.random((blocks, blocks)) < 0.5), 1))


@pytest.mark.parametrize(("blocks", "cores"), [(8, 4), (10, 6), (12, 7)])
def test_two_chips_are_proved_to_the_end(blocks, cores):
    graph = random_graph(blocks, blocks)
    best = messages_of_the_best(graph, 2, cores)
    found = proved_bound(graph, board(2, cores), best, seconds=120)
    assert PROVED * best <= found <= best


def test_with_no_time_it_still_holds():
    graph = random_graph(12, 1)
    best = messages_of_the_best(graph, 2, 7)
    assert 0 < proved_bound(graph, board(2, 7), best, seconds=1e-9) <= best


def test_a_third_chip_is_of_no_use_up_to_one_and_a_half_chips_of_blocks():
    graph = random_graph(9, 3)
    best = messages_of_the_best(graph, 3, 6)
    assert PROVED * best <= proved_bound(graph, board(3, 6), best, seconds=120) <= best
    assert proved_bound(random_graph(10, 3), board(3, 6), 100.0, seconds=120) == 0
    assert proved_bound(random_graph(13, 3), board(2, 6), 100.0, seconds=120) == 0
    assert proved_bound(random_graph(6, 3), board(2, 6), 100.0, seconds=120) == 0
