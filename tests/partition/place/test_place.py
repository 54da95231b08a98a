"""One contract for every placer, and the greedy one against nengo_loihi's."""

from __future__ import annotations

import numpy as np
import pytest

from convert.errors import UserError
from convert.upstream.nengo_loihi import load_nengo_loihi
from partition.geometry.links import links_onto_chip
from partition.hardware import Board, Chip
from partition.place import PLACERS, Registry
from partition.place.local_search import improve
from partition.place.repair import repair
from partition.traffic.unicast import TrafficGraph, traffic
from tests.builders.loihi_model import loihi_model
from tests.builders.shaped_networks import chain, convolution, random_rates, unet

SMALL = Board("small", 5, 5, "a test", Chip(cores=20))


@pytest.fixture(scope="module")
def graph() -> TrafficGraph:
    network = unet(16, [8, 16])
    tiles = {p.name: (4, 4, 8) for p in network.chip_populations}
    return traffic(network, links_onto_chip(network), tiles, random_rates(network))


@pytest.mark.parametrize("name", PLACERS)
def test_placers_keep_the_contract(name, graph):
    assert 4 * SMALL.chip.cores < graph.blocks <= SMALL.cores
    chip = PLACERS[name](graph, SMALL, seed=3)
    assert chip.shape == (graph.blocks,)
    assert np.issubdtype(chip.dtype, np.integer)
    assert chip.min() >= 0
    assert chip.max() < SMALL.chips
    assert np.bincount(chip).max() <= SMALL.chip.cores
    np.testing.assert_array_equal(chip, PLACERS[name](graph, SMALL, seed=3))


@pytest.mark.parametrize("name", PLACERS)
def test_placers_fill_a_board_that_just_fits_and_one_chip(name, graph):
    exact = Board("exact", 4, 4, "a test", Chip(cores=graph.blocks // 4))
    assert graph.blocks % 4 == 0
    assert set(np.bincount(PLACERS[name](graph, exact, seed=0))) == {graph.blocks // 4}
    assert set(PLACERS[name](graph, Board("one", 1, 1, "a test"), seed=0)) == {0}


def test_search_never_worsens_and_keeps_the_capacity(graph):
    for seed in range(3):
        start = np.random.default_rng(seed).permutation(graph.blocks) % SMALL.chips
        descended = improve(graph, SMALL, start, seed=seed)
        annealed = improve(graph, SMALL, start, seed=seed, annealing=50)
        assert np.bincount(annealed).max() <= SMALL.chip.cores
        assert graph.interchip(annealed) <= graph.interchip(descended) < graph.interchip(start)


def test_repair_empties_a_full_chip(graph):
    assert np.bincount(repair(graph, SMALL, np.zeros(graph.blocks, np.int64))).max() <= SMALL.chip.cores


def test_registry_refuses_duplicates_and_names_what_it_has():
    registry = Registry()
    registry.register("one", PLACERS["metis"])
    with pytest.raises(ValueError, match="registered already"):
        registry.register("one", PLACERS["metis"])
    with pytest.raises(UserError, match="placer 'two' is not known; choose one of one"):
        registry["two"]


def test_greedy_places_as_nengo_loihi_does():
    rng = np.random.default_rng(5)
    shapes = [(8, 8, 2), (8, 8, 4), (8, 8, 4), (4, 4, 8)]
    network = chain(shapes, {(0, 1): convolution(rng, 3, (2, 4)), (1, 2): convolution(rng, 3, (4, 4)),
                             (2, 3): convolution(rng, 3, (4, 8), 2)})  # fmt: skip
    tiles = {"p1": (4, 4, 4), "p2": (2, 8, 2), "p3": (2, 2, 4)}
    rates = {name: rng.gamma(1.0, 50.0, network.shape_of(name)) for name in ("p0", "p1", "p2", "p3")}
    graph = traffic(network, links_onto_chip(network), tiles, rates)
    model, ensembles = loihi_model(network, tiles)
    load_nengo_loihi()
    from nengo_loihi.builder.discretize import discretize_model
    from nengo_loihi.hardware.allocators import GreedyInterchip, estimate_interchip_activity

    discretize_model(model)
    by_ensemble = {ensembles[name]: rates[name].ravel() for name in ("p1", "p2", "p3")}
    board = GreedyInterchip(cores_per_chip=6, ensemble_rates=by_ensemble)(model, 10)
    theirs = {core.blocks[0]: i for i, chip in enumerate(board.chips) for core in chip.cores}
    ours = PLACERS["greedy_interchip"](graph, Board("test", 10, 5, "a test", Chip(cores=6)), seed=0)
    np.testing.assert_array_equal(ours, [theirs[block] for block in model.blocks])

    from nengo_loihi.hardware.allocators import ensemble_to_block_rates

    activity = estimate_interchip_activity(board, ensemble_to_block_rates(model, by_ensemble))
    assert graph.interchip(ours) == pytest.approx(activity["interchip"] * network.dt_s, rel=1e-9)
