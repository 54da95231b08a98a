"""Of several choices of tiles, the one that sends fewest messages with its copies."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from partition.copied_search import HALO_PRICE, fewest_with_copies, with_halo_prices
from partition.copies.fits import Fits
from partition.geometry.links import links_onto_chip
from partition.hardware import Board, Chip
from partition.tiles.feasible import FeasibleTiles, feasible_tiles_of_layers
from partition.tiles.idle import idle_costs
from partition.tiles.retile import Problem, Solution
from partition.tiles.tile_search import find_tiles
from tests.builders.shaped_networks import random_rates, unet

NETWORK = unet(16, [8, 16])
LINKS = links_onto_chip(NETWORK)
BOARD = Board("bench", 4, 2, "a test", Chip(cores=9))
FOR_BLOCKS = replace(BOARD, chip=replace(BOARD.chip, cores=5))


def problem() -> Problem:
    rates = {name: np.asarray(values, np.float64) for name, values in random_rates(NETWORK).items()}
    idle = idle_costs(NETWORK, LINKS, feasible_tiles_of_layers(NETWORK.chip_populations, LINKS, BOARD.chip), rates)
    return Problem(NETWORK, LINKS, rates, (1.0,) * len(LINKS), idle, 0, time.monotonic() + 60)


@pytest.fixture(scope="module")
def feasible() -> FeasibleTiles:
    return feasible_tiles_of_layers(NETWORK.chip_populations, LINKS, BOARD.chip)


@pytest.fixture(scope="module")
def candidates(feasible: FeasibleTiles) -> list[Solution]:
    return find_tiles(problem(), feasible, FOR_BLOCKS, 1, 4)


def test_only_what_leaves_layers_fed_by_the_host_alone_is_cheap() -> None:
    found = with_halo_prices(problem(), Fits(NETWORK, LINKS, BOARD.chip))
    on_chip = {p.name for p in NETWORK.chip_populations}
    for link, price in zip(LINKS, found.prices, strict=True):
        if link.source in on_chip:
            fed = all(before.source not in on_chip for before in LINKS if before.target == link.source)
            assert price == (HALO_PRICE if fed else 1.0)
    assert len(set(found.prices)) == 2


def test_the_best_of_the_candidates_is_taken(feasible: FeasibleTiles, candidates: list[Solution]) -> None:
    fits, late = Fits(NETWORK, LINKS, BOARD.chip), replace(problem(), deadline_s=0.0)
    good = candidates[0]
    chip = np.random.default_rng(0).permutation(good.chip)
    bad = replace(good, chip=chip, interchip=good.graph.interchip(chip))

    def messages(*of: Solution) -> float:
        found = fewest_with_copies(late, fits, of, feasible, BOARD, 4, time.monotonic() + 60)
        return float(found.placement.links.sum())

    assert messages(good) < messages(bad)
    assert messages(bad, good) == messages(good, bad) == messages(good)


def test_without_any_time_the_first_candidate_is_planned(feasible: FeasibleTiles, candidates: list[Solution]) -> None:
    found = fewest_with_copies(problem(), Fits(NETWORK, LINKS, BOARD.chip), candidates, feasible, BOARD, 4, 0.0)
    assert found.tiles == candidates[0].tiles
    assert found.copies == ()
