"""Costs of pairs of tiles against the exact traffic between blocks placed by region."""

from __future__ import annotations

import numpy as np
import pytest

from partition.core.out_axons import out_axons, slots_per_axon
from partition.geometry.blocks import tile_set
from partition.geometry.links import MatrixLink, links_onto_chip
from partition.hardware import LOIHI
from partition.tiles.pair_costs import pair_costs
from partition.tiles.region_placement import place_by_region
from partition.tiles.regions import Group
from partition.traffic.unicast import traffic
from tests.builders.shaped_networks import random_rates
from tests.builders.tiled_networks import TILES, every_link

NETWORK = every_link()
RATES = random_rates(NETWORK)
SPIKES = {name: rates * NETWORK.dt_s for name, rates in RATES.items()}
LINKS = [link for link in links_onto_chip(NETWORK) if link.source != "p0"]
LAYOUTS = {
    "one chip": (Group(tuple(TILES), (1, 1)),),
    "regions": (Group(tuple(TILES), (2, 3)),),
    "two groups": (Group(("p1", "p4"), (2, 1)), Group(("p2", "p3"), (1, 2))),
}


def pairs_of_tiles(link):
    """(tiles of the source, tiles of the target): many and one, one and many."""
    for one in TILES[link.target]:
        yield TILES[link.source], [one]
    for one in TILES[link.source]:
        yield [one], TILES[link.target]


def exact(link, layout, source, target):
    """(messages that stay on their chip, all messages) of ``link`` in the traffic graph."""
    tiles = {name: options[0] for name, options in TILES.items()} | {link.source: source, link.target: target}
    graph = traffic(NETWORK, [link], tiles, RATES)
    return graph.total - graph.interchip(place_by_region(NETWORK, tiles, layout)), graph.total


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("link", LINKS, ids=lambda link: f"{link.source}-{link.target}")
def test_messages_are_those_of_the_traffic_graph(link, layout):
    costs = pair_costs(link, layout, SPIKES, LOIHI)
    for sources, targets in pairs_of_tiles(link):
        expected = [exact(link, layout, s, t) for s in sources for t in targets]
        source, target = tile_set(link.source_shape, sources), tile_set(link.target_shape, targets)
        stay, every = np.array(expected).T
        np.testing.assert_allclose(costs.intrachip(source, target), stay, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(np.broadcast_to(costs.messages(target), every.shape), every, rtol=1e-9)


@pytest.mark.parametrize("link", LINKS, ids=lambda link: f"{link.source}-{link.target}")
def test_output_axons_are_those_of_the_fullest_block_but_for_matrices_of_no_structure(link):
    costs = pair_costs(link, LAYOUTS["regions"], SPIKES, LOIHI)
    slots = slots_per_axon(link, LOIHI) + LOIHI.chip_crossing_slots
    for sources, targets in pairs_of_tiles(link):
        targets = [tile for tile in targets if tile != link.target_shape]  # one block: axons of all pixels
        if not targets:
            continue
        found = costs.out_slots(tile_set(link.source_shape, sources), tile_set(link.target_shape, targets))
        expected = [slots * out_axons(link, s, t).max() for s in sources for t in targets]
        assert found.tolist() == ([0] * len(expected) if type(link) is MatrixLink else expected)
