"""The bound by flows from every block against the best of all placements, and what its parts promise."""

from __future__ import annotations

from itertools import count, product
from types import SimpleNamespace

import numpy as np
import pytest

from partition.bounds import rooted_flows
from partition.bounds.link_limits import Links, Thresholds, arriving, carried, push
from partition.bounds.rooted_flows import Near, flow_bound, proved_by
from partition.bounds.spreading_metric import lower_bound
from tests.builders.shaped_networks import blocks_of_one_layer


@pytest.fixture(autouse=True)
def a_thousand_steps_a_second(monkeypatch):
    """On a machine however busy."""
    steps = count()
    monkeypatch.setattr(rooted_flows, "time", SimpleNamespace(monotonic=lambda: next(steps) / 1000))


def messages_of_the_best(graph, chips, cores, size=None):
    placements = (np.array((0, *chip)) for chip in product(range(chips), repeat=graph.blocks - 1))
    return min(graph.interchip(chip) for chip in placements if np.bincount(chip, weights=size).max() <= cores)


def random_graph(blocks, seed, density=0.5):
    rng = np.random.default_rng(seed)
    return blocks_of_one_layer(np.triu(rng.random((blocks, blocks)) * (rng.random((blocks, blocks)) < density), 1))


def grid(rows, columns):
    """Blocks in a plane, each with one message to the next in its row and in its column."""
    number = np.arange(rows * columns).reshape(rows, columns)
    messages = np.zeros((rows * columns, rows * columns))
    messages[number[:, :-1], number[:, 1:]] = 1.0
    messages[number[:-1], number[1:]] = 1.0
    return blocks_of_one_layer(messages)


def one_link(flows, weight):
    """A link over which every root may send, from a block of its own to the root itself."""
    here, there = np.arange(flows, dtype=np.int32), np.full(flows, flows, np.int32)
    return Links(np.array([weight]), np.array([0, flows]), np.ones(flows), here, there, flows)


@pytest.mark.parametrize(("blocks", "chips", "cores"), [(8, 2, 4), (8, 3, 3), (8, 4, 2), (6, 6, 1)])
@pytest.mark.parametrize("seed", range(2))
def test_no_placement_is_below_it(blocks, chips, cores, seed):
    graph = random_graph(blocks, seed, density=0.4)
    best = messages_of_the_best(graph, chips, cores)
    assert flow_bound(graph, cores, np.inf, seconds=0.3) <= best * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_blocks_may_have_sizes(seed):
    graph, size = random_graph(8, seed, density=0.4), np.random.default_rng(seed).integers(1, 4, 8)
    best = messages_of_the_best(graph, 4, 6, size)
    bound = flow_bound(graph, 6, np.inf, 3.0, size)
    assert 0.3 * best < bound <= best * (1 + 1e-9)


@pytest.mark.parametrize("size", [np.ones(8), np.array([1.0, 2, 1, 2, 1, 1, 1, 3])])
def test_whatever_flows_and_prices_are_given_it_holds(size):
    rng = np.random.default_rng(0)
    graph = random_graph(8, 5)
    best = messages_of_the_best(graph, 4, 3, size)
    i, j = np.triu_indices(8, 1)
    number = np.full((8, 8), len(i))
    number[i, j] = number[j, i] = np.arange(len(i))
    a, b = np.nonzero(np.triu(graph.symmetric.toarray(), 1))
    first = np.arange(len(a) + 1) * 8
    here, there = (number[end].ravel().astype(np.int32) for end in (a, b))
    links = Links(graph.symmetric.toarray()[a, b], first, np.tile(size, len(a)), here, there, len(i))
    near = Near(size, i, j, np.ones(len(i)))
    for scale in (0.01, 0.1, 1.0):
        for _ in range(200):
            flow, price = scale * rng.standard_normal(len(a) * 8), scale * rng.random(8)
            assert proved_by(links, near, flow, price, 3) <= best


def test_squares_of_a_plane_are_nearly_proved():
    graph = grid(12, 12)
    assert graph.interchip(np.arange(144) % 12 // 4 + np.arange(144) // 48 * 3) == 48
    bound = flow_bound(graph, 16, 48.0, seconds=20)
    assert lower_bound(graph, 16) < 44 < 47 < bound <= 48


def test_what_fits_a_chip_or_sends_nothing_has_no_bound():
    assert flow_bound(random_graph(6, 0), 6, 10.0, seconds=1) == 0
    assert flow_bound(blocks_of_one_layer(np.zeros((6, 6))), 3, 10.0, seconds=1) == 0


def test_links_are_charged_with_the_largest_flows_of_both_directions():
    links = one_link(5, 2.0)
    flow = np.array([3.0, 1.0, -2.0, -1.0, 2.0])
    assert carried(links, flow, 2) == pytest.approx([(3 + 2 + 2 + 1) / 2])
    assert carried(links, flow, 1) == pytest.approx([(3 + 2) / 2])
    np.testing.assert_allclose(arriving(links, flow), -flow)


@pytest.mark.parametrize("capacity", [1, 3, 20])
def test_flows_end_where_no_others_that_fit_are_nearer(capacity):
    rng = np.random.default_rng(capacity)
    flows = 40
    links = one_link(flows, 5.0)
    wanted = 3 * rng.standard_normal(flows)
    found = wanted.copy()
    push(links, found, np.zeros(flows + 1), 1.0, capacity, Thresholds(*(np.zeros(1) for _ in range(3))))
    assert carried(links, found, capacity) == pytest.approx([1.0], rel=1e-3)
    distance = np.sum((found - wanted) ** 2)
    for _ in range(500):
        other = found + 0.05 * rng.standard_normal(flows)
        other /= max(1.0, float(carried(links, other, capacity)[0]))
        assert np.sum((other - wanted) ** 2) > distance * (1 - 1e-2)
