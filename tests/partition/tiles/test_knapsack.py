"""Tiles under a limit on cores against trying every choice."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from partition.geometry.links import links_onto_chip
from partition.hardware import LOIHI, Chip
from partition.tiles.feasible import FeasibleTile, feasible_tiles_of_layers
from partition.tiles.knapsack import Budget, cheapest, cheapest_within_axons, estimate, knapsack, overflowing
from tests.builders.shaped_networks import chain, convolution


def random_problem(seed):
    """Four layers with one to six tiles each, that take 1 to 12 cores and cost what they like."""
    rng = np.random.default_rng(seed)
    feasible, costs = {}, {}
    for name in "abcd":
        number = int(rng.integers(1, 7))
        cores = np.sort(rng.integers(1, 13, number)).tolist()
        feasible[name] = [FeasibleTile((i + 1, 1, 1), size) for i, size in enumerate(cores)]
        costs[name] = rng.integers(0, 20, number) / 4.0
    return feasible, costs


def by_trying(feasible, costs, most_cores):
    """The least cost of all choices within ``most_cores``; infinite if there is none."""
    options = product(*(range(len(tiles)) for tiles in feasible.values()))
    return min(
        (
            sum(costs[name][i] for name, i in zip(feasible, chosen, strict=True))
            for chosen in options
            if sum(feasible[name][i].cores for name, i in zip(feasible, chosen, strict=True)) <= most_cores
        ),
        default=np.inf,
    )


def priced(tiles, feasible, costs):
    """(cost, cores) of chosen ``tiles``."""
    numbers = {name: [option.tile for option in feasible[name]].index(tile) for name, tile in tiles.items()}
    return (
        sum(costs[name][i] for name, i in numbers.items()),
        sum(feasible[name][i].cores for name, i in numbers.items()),
    )


@pytest.mark.parametrize("seed", range(20))
def test_no_choice_within_the_cores_is_cheaper(seed):
    feasible, costs = random_problem(seed)
    for most_cores in (3, 8, 15, 25, 60):
        best = by_trying(feasible, costs, most_cores)
        found = knapsack(feasible, Budget(costs, most_cores))
        assert (found is None) == np.isinf(best)
        assert estimate(feasible, Budget(costs, most_cores)) == pytest.approx(best)
        if found is not None:
            cost, cores = priced(found, feasible, costs)
            assert cost == pytest.approx(best)
            assert cores <= most_cores


def test_every_budget_is_kept_for_itself():
    feasible, costs = random_problem(3)
    parts = [{name: costs[name] for name in names} for names in ("ab", "cd")]
    found = cheapest(feasible, [Budget(parts[0], 12), Budget(parts[1], 14)])
    for part, most_cores in zip(parts, (12, 14), strict=True):
        own = {name: feasible[name] for name in part}
        cost, cores = priced({name: found[name] for name in part}, own, costs)
        assert cost == pytest.approx(by_trying(own, costs, most_cores))
        assert cores <= most_cores
    assert cheapest(feasible, [Budget(parts[0], 60), Budget(parts[1], 1)]) is None


def test_a_coarse_estimate_rounds_the_cores_of_each_layer_up():
    feasible = {name: [FeasibleTile((1, 1, 1), 400)] for name in "ab"}
    costs = {name: np.array([2.0]) for name in "ab"}
    assert cheapest(feasible, [Budget(costs, 801)]) == dict.fromkeys("ab", (1, 1, 1))
    assert np.isinf(estimate(feasible, Budget(costs, 801)))  # units of 3 cores: 134 + 134 of 267
    assert estimate(feasible, Budget(costs, 804)) == 4.0


def test_tiles_whose_output_axons_overflow_are_not_chosen():
    rng = np.random.default_rng(0)
    network = chain([(8, 8, 2), (8, 8, 8), (8, 8, 8)], {(0, 1): convolution(rng, 3, (2, 8)),
                                                        (1, 2): convolution(rng, 3, (8, 8))})  # fmt: skip
    links = links_onto_chip(network)
    feasible = feasible_tiles_of_layers(network.chip_populations, links, LOIHI)
    # many small tiles of the second layer are made to look cheap, so that the first one needs many axons
    costs = {name: np.array([1.0 / option.cores for option in options]) for name, options in feasible.items()}
    limits, tight = [Budget(costs, 10_000)], Chip(out_axon_slots=300)
    free = cheapest(feasible, limits)
    assert overflowing(network, links, free, tight) == ["p1"]
    assert overflowing(network, links, cheapest_within_axons(network, links, feasible, limits, tight), tight) == []
    assert cheapest_within_axons(network, links, feasible, limits, LOIHI) == free
    assert cheapest_within_axons(network, links, feasible, limits, Chip(out_axon_slots=1)) is None
