"""The bound for two chips against the best of all placements."""

from __future__ import annotations

import time
from itertools import product

import numpy as np
import pytest

from partition.bounds.branching import PROVED, proved_bound
from partition.bounds.semidefinite import Node, TwoChips
from tests.builders.shaped_networks import blocks_of_one_layer


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
    found = proved_bound(graph, 2, cores, best, seconds=120)
    assert PROVED * best <= found <= best


def test_with_no_time_it_still_holds():
    graph = random_graph(12, 1)
    best = messages_of_the_best(graph, 2, 7)
    assert 0 < proved_bound(graph, 2, 7, best, seconds=1e-9) <= best


def test_a_third_chip_is_of_no_use_up_to_one_and_a_half_chips_of_blocks():
    graph = random_graph(9, 3)
    best = messages_of_the_best(graph, 3, 6)
    assert PROVED * best <= proved_bound(graph, 3, 6, best, seconds=120) <= best
    assert proved_bound(random_graph(10, 3), 3, 6, 100.0, seconds=120) == 0
    assert proved_bound(random_graph(13, 3), 2, 6, 100.0, seconds=120) == 0
    assert proved_bound(random_graph(6, 3), 2, 6, 100.0, seconds=120) == 0


def test_a_better_placement_than_the_one_found_ends_the_search(monkeypatch):
    solved = []
    bounded = TwoChips.bounded
    monkeypatch.setattr(TwoChips, "bounded", lambda *given: solved.append(given) or bounded(*given))
    graph = random_graph(8, 8)
    best = messages_of_the_best(graph, 2, 4)
    assert PROVED * best <= proved_bound(graph, 2, 4, 1.5 * best, seconds=300) <= best * (1 + 1e-6)
    assert len(solved) < 50


def test_what_cannot_be_is_found_impossible():
    graph = random_graph(8, 8)
    problem = TwoChips(graph.symmetric.toarray(), 4)
    apart = Node(fixed=((0, 1, -1), (1, 2, -1), (0, 2, -1)))
    together = Node(fixed=tuple((0, i, 1) for i in range(1, 5)))
    for node in (apart, together):
        assert problem.bounded(node, 6, 1e9, time.monotonic() + 60).bound == np.inf
