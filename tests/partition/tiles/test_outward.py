"""What a tile needs at least of output axons, against every choice of its targets' tiles."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from partition.core.utilization import out_slots
from partition.geometry.links import MatrixLink, links_onto_chip
from partition.hardware import LOIHI
from partition.tiles.outward import OutwardLinks
from tests.builders.tiled_networks import TILES, every_link

NETWORK = every_link()
LINKS = [link for link in links_onto_chip(NETWORK) if type(link) is not MatrixLink]
CUT = {
    name: tuple(tile for tile in tiles if tile != NETWORK.shape_of(name)) for name, tiles in TILES.items()
}  # a target of one block has an axon of every neuron, used or not


@pytest.mark.parametrize("layer", ["p1", "p2", "p3"])
def test_no_choice_of_the_targets_needs_fewer_slots(layer):
    outward = OutwardLinks.of(NETWORK.population(layer), LINKS, LOIHI, CUT)
    targets = sorted({link.target for link in LINKS if link.source == layer})
    for tile in CUT[layer]:
        needed = []
        for chosen in product(*(CUT[name] for name in targets)):
            tiles = dict(zip(targets, chosen, strict=True)) | {layer: tile}
            links = [link for link in LINKS if link.source == layer]
            needed.append(int(np.max(np.add(*out_slots(NETWORK.population(layer), links, tiles, LOIHI)))))
        least = outward.least_slots(tile)
        assert least <= min(needed)
        assert len(targets) > 1 or least == min(needed)


def test_without_tiles_of_its_targets_a_pixel_has_one_axon_for_each_link():
    outward = OutwardLinks.of(NETWORK.population("p2"), LINKS, LOIHI, {})
    assert outward.least_slots((2, 3, 6)) == 6 * LOIHI.population_axon_slots
