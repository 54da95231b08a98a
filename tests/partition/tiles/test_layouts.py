"""Which layers may share chips: all, or two groups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from partition.geometry.links import links_onto_chip
from partition.hardware import LOIHI
from partition.tiles.feasible import FeasibleTiles, feasible_tiles_of_layers
from partition.tiles.layouts import layouts, pairs_of_groups
from partition.tiles.region_costs import INTRACHIP_PRICE, RegionCosts
from partition.traffic.unicast import traffic
from tests.builders.shaped_networks import random_rates, unet

NETWORK = unet(16, [8, 16, 16])
LINKS = links_onto_chip(NETWORK)
NAMES = tuple(p.name for p in NETWORK.chip_populations)
SMALL = replace(LOIHI, cores=2)


@pytest.fixture(scope="module")
def feasible() -> FeasibleTiles:
    return feasible_tiles_of_layers(NETWORK.chip_populations, LINKS, LOIHI)


@pytest.fixture(scope="module")
def costs(feasible: FeasibleTiles) -> RegionCosts:
    rates = random_rates(NETWORK)
    spikes = {
        p.name: np.reshape(rates[p.name], p.shape) * NETWORK.dt_s for p in NETWORK.populations if NETWORK.out_of(p.name)
    }
    idle = {name: np.zeros(len(options)) for name, options in feasible.items()}
    return RegionCosts(NETWORK, LINKS, feasible, spikes, (1.0,) * len(LINKS), idle)


def fewest(feasible: FeasibleTiles) -> dict[str, int]:
    return {name: min(option.cores for option in options) for name, options in feasible.items()}


def test_a_cut_is_no_more_than_what_any_tiles_send(feasible: FeasibleTiles, costs: RegionCosts) -> None:
    rng = np.random.default_rng(0)
    rates = {name: np.asarray(values, np.float64) for name, values in random_rates(NETWORK).items()}
    for _ in range(10):
        tiles = {name: options[int(rng.integers(len(options)))].tile for name, options in feasible.items()}
        group = [name for name in NAMES if rng.random() < 0.5]
        graph = traffic(NETWORK, LINKS, tiles, rates)
        inside = np.isin(graph.layer, [NAMES.index(name) for name in group]).astype(np.int64)
        assert 0 <= costs.least_cut(group) <= graph.interchip(inside) + 1e-9


def test_a_tile_costs_what_the_host_sends_to_it_by_itself(feasible: FeasibleTiles, costs: RegionCosts) -> None:
    rates = {name: np.asarray(values, np.float64) for name, values in random_rates(NETWORK).items()}
    for number in (0, 3, -1):
        tiles = {name: options[number % len(options)].tile for name, options in feasible.items()}
        own = sum(costs.own[name][number % len(options)] for name, options in feasible.items())
        host = traffic(NETWORK, LINKS, tiles, rates).host
        assert host > 0
        assert own == pytest.approx(INTRACHIP_PRICE * host)


def test_two_groups_hold_each_layer_once_and_some_have_a_middle(feasible: FeasibleTiles, costs: RegionCosts) -> None:
    pairs = pairs_of_groups(NETWORK.chip_populations, fewest(feasible), costs.least_cut, SMALL)
    assert len(set(pairs)) == len(pairs)
    for first, second in pairs:
        assert sorted(first + second) == sorted(NAMES)
        assert first
        assert second
    middles = [second for first, second in pairs if first[0] == NAMES[0] and first[-1] == NAMES[-1]]
    assert middles
    for middle in middles:
        start = NAMES.index(middle[0])
        assert middle == NAMES[start : start + len(middle)]


def test_the_middle_with_the_fewest_messages_is_tried(feasible: FeasibleTiles) -> None:
    least = NAMES[2:5]
    pairs = pairs_of_groups(
        NETWORK.chip_populations, fewest(feasible), lambda layers: float(layers != least), replace(LOIHI, cores=1)
    )
    assert (tuple(name for name in NAMES if name not in least), least) in pairs


def test_a_layout_gives_every_group_the_chips_that_it_needs(feasible: FeasibleTiles, costs: RegionCosts) -> None:
    cores = fewest(feasible)
    pairs = pairs_of_groups(NETWORK.chip_populations, cores, costs.least_cut, SMALL)
    chips = -(-sum(cores.values()) // SMALL.cores) + 2
    found = layouts(NAMES, pairs, cores, chips, SMALL)
    assert {len(layout) for layout in found} == {1, 2}
    for layout in found:
        assert sum(group.chips for group in layout) == chips
        if len(layout) == 2:
            assert all(sum(cores[n] for n in group.layers) <= group.chips * SMALL.cores for group in layout)
