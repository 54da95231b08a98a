"""What unused compartments cost, beside what the emulator counts."""

from __future__ import annotations

import numpy as np
import pytest

from partition.core.packing import PLAIN, Packing
from partition.geometry.links import links_onto_chip
from partition.tiles.feasible import FeasibleTile
from partition.tiles.idle import SYNOP_PRICE, UPDATE_PRICE, idle_costs
from tests.builders.shaped_networks import random_rates
from tests.builders.tiled_networks import TILES, connected, every_link

NETWORK = every_link()
LINKS = links_onto_chip(NETWORK)
RATES = random_rates(NETWORK)


def test_tiles_without_unused_compartments_cost_nothing() -> None:
    feasible = {name: [FeasibleTile(tile, 1, PLAIN) for tile in tiles] for name, tiles in TILES.items()}
    costs = idle_costs(NETWORK, LINKS, feasible, RATES)
    assert all(cost == 0 for of_layer in costs.values() for cost in of_layer.values())


@pytest.mark.parametrize("name", TILES)
def test_each_unused_compartment_costs_what_a_used_one_does(name: str) -> None:
    packing, tile = Packing(True, (1, 1), (0, 0)), TILES[name][1]
    costs = idle_costs(NETWORK, LINKS, {name: [FeasibleTile(tile, 1, packing)]}, RATES)
    spikes = {link.source: np.ravel(RATES[link.source]) * NETWORK.dt_s for link in LINKS}
    synops = sum((spikes[link.source] @ connected(link)).sum() for link in LINKS if link.target == name)
    neurons = np.prod(NETWORK.shape_of(name))
    unused = packing.compartments(tile) / np.prod(tile) - 1
    assert unused > 0
    assert costs[name][tile] == pytest.approx(unused * (SYNOP_PRICE * synops + UPDATE_PRICE * neurons), rel=1e-6)
