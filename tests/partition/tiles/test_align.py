"""Tiles fitted to each other against the exact traffic, and against trying every choice."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from partition.core.utilization import out_slots
from partition.geometry.links import MatrixLink, links_onto_chip
from partition.hardware import LOIHI, Chip
from partition.tiles.align import alignment, layout_costs
from partition.tiles.feasible import FeasibleTile
from partition.tiles.region_costs import INTRACHIP_PRICE
from partition.tiles.region_placement import place_by_region
from partition.tiles.regions import Group, balanced_cores, even_cores, group_of
from partition.traffic.unicast import traffic
from tests.builders.shaped_networks import random_rates
from tests.builders.tiled_networks import TILES, every_link

NETWORK = every_link()
RATES = random_rates(NETWORK)
SPIKES = {name: RATES[name] * NETWORK.dt_s for name in TILES if NETWORK.out_of(name)}
LINKS = links_onto_chip(NETWORK)
LAYOUTS = {
    "regions": (Group(tuple(TILES), (2, 2)),),
    "two groups": (Group(("p1", "p4"), (2, 1)), Group(("p2", "p3"), (1, 2))),
}
CHOICES = [dict(zip(TILES, tiles, strict=True)) for tiles in product(*TILES.values())]
FEASIBLE = {
    name: [FeasibleTile(tile, even_cores(NETWORK.shape_of(name), tile, (1, 1))) for tile in tiles]
    for name, tiles in TILES.items()
}


PRICES = (1.0,) * len(LINKS)
OWN = {name: np.random.default_rng(1).uniform(0, 3, len(tiles)) for name, tiles in TILES.items()}
"""What each tile costs by itself."""


def own_cost(tiles):
    return sum(OWN[name][TILES[name].index(tile)] for name, tile in tiles.items())


def searching(layout, count_cores=even_cores, chip=None, prices=PRICES):
    costs = layout_costs(NETWORK, LINKS, prices, SPIKES, layout, chip or Chip(cores=30))
    return alignment(NETWORK, FEASIBLE, costs, count_cores, OWN)


def within(tiles, layout, count_cores, chip):
    """Whether every group of layers has the cores that its tiles count for."""
    used = dict.fromkeys(layout, 0)
    for name, tile in tiles.items():
        group = group_of(layout, name)
        used[group] += count_cores(NETWORK.shape_of(name), tile, group.grid)
    return all(cores <= group.chips * chip.cores for group, cores in used.items())


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_the_cost_is_that_of_the_exact_traffic(layout):
    search = searching(layout)
    for tiles in CHOICES[::17]:
        graph = traffic(NETWORK, LINKS, tiles, RATES)
        interchip = graph.interchip(place_by_region(NETWORK, tiles, layout))
        assert search.cost(tiles) == pytest.approx(
            interchip + INTRACHIP_PRICE * graph.total + own_cost(tiles), rel=1e-9
        )


def test_what_crosses_chips_costs_its_price_within_a_group_and_one_between_groups():
    prices = tuple(np.random.default_rng(0).uniform(0.1, 0.9, len(LINKS)))
    for layout in LAYOUTS.values():
        search = searching(layout, prices=prices)
        group = {name: group_of(layout, name) for name in TILES}
        apart = [group.get(link.source) is not group[link.target] for link in LINKS]
        paid = np.where(apart, 1.0, prices).tolist()
        for tiles in CHOICES[::17]:
            chip = place_by_region(NETWORK, tiles, layout)
            interchip = traffic(NETWORK, LINKS, tiles, RATES, prices=paid).interchip(chip)
            total = traffic(NETWORK, LINKS, tiles, RATES).total
            assert search.cost(tiles) == pytest.approx(interchip + INTRACHIP_PRICE * total + own_cost(tiles), rel=1e-9)


@pytest.mark.parametrize("count_cores", [even_cores, balanced_cores])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("cores", [30, 60])
def test_fitted_tiles_keep_the_cores_and_are_near_the_best_of_all(cores, layout, count_cores):
    chip = Chip(cores=cores)
    search = searching(layout, count_cores, chip)
    possible = [tiles for tiles in CHOICES if within(tiles, layout, count_cores, chip)]
    best = min(search.cost(tiles) for tiles in possible)
    cost, tiles = search.fit(CHOICES[0])
    assert within(tiles, layout, count_cores, chip)
    assert cost == pytest.approx(search.cost(tiles))
    assert best - 1e-9 <= cost <= 1.05 * best
    assert best < 0.9 * np.median([search.cost(tiles) for tiles in possible])


def test_there_are_none_where_the_cores_do_not_suffice():
    assert searching(LAYOUTS["regions"], chip=Chip(cores=1)).fit(CHOICES[0]) is not None  # four cores are enough
    assert searching((Group(tuple(TILES), (1, 1)),), chip=Chip(cores=1)).fit(CHOICES[0]) is None


def test_tiles_with_too_many_output_axons_are_avoided():
    layout = LAYOUTS["regions"]
    free = searching(layout, chip=Chip(cores=1000)).fit(CHOICES[-1])
    assert free is not None
    most = {number: most_slots(tiles) for number, tiles in enumerate(CHOICES)}
    limit = int(np.quantile(list(most.values()), 0.1))
    assert most_slots(free[1]) > limit
    tight = searching(layout, chip=Chip(cores=1000, out_axon_slots=limit)).fit(CHOICES[-1])
    assert tight is not None
    assert free[0] < tight[0]
    assert most_slots(tight[1]) <= limit


def most_slots(tiles):
    """The output axon slots of the fullest block, but for the matrix whose structure is not known."""
    known = [link for link in LINKS if link.source in tiles and type(link) is not MatrixLink]
    return max(np.max(np.add(*out_slots(NETWORK.population(name), known, tiles, LOIHI))) for name in tiles)
