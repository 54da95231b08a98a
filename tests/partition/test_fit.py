"""About how many cores a network takes, before anything is searched for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from convert.network.connections import Connections
from partition.core.utilization import out_slots
from partition.fit import foreseen_cores
from partition.geometry.links import links_onto_chip
from partition.hardware import LOIHI
from partition.search import partition
from partition.tiles.feasible import feasible_tiles, feasible_tiles_of_layers
from tests.builders.shaped_networks import chain, convolution, identity, random_rates, resnet, unet

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("network", [unet(16, [8, 16]), resnet(16, (8, 16), 1)], ids=["unet", "resnet"])
def test_no_partition_takes_fewer_cores(network):
    found = foreseen_cores(network)
    assert found.problems == ()
    assert found.cores == sum(found.layers.values())
    assert found.layers.keys() == {p.name for p in network.chip_populations}
    planned = partition(network, random_rates(network), seconds=5).report
    assert found.cores <= planned.cores <= 1.3 * found.cores + 4
    assert (found.chips, found.board) == (planned.chips, planned.board)


def test_layers_are_cut_further_where_output_axons_overflow():
    shapes = [(32, 32, 4), (32, 32, 1), *[(32, 32, 1)] * 3]
    outward = {(1, i): convolution(RNG, 3, (1, 1)) for i in (2, 3, 4)}
    network = chain(shapes, {(0, 1): convolution(RNG, 3, (4, 1)), **outward})
    links = links_onto_chip(network)
    first = {p.name: feasible_tiles(p, links, LOIHI)[0] for p in network.chip_populations}
    tiles = {name: option.tile for name, option in first.items()}
    slots, crossing = out_slots(network.population("p1"), links, tiles, LOIHI)
    assert max(slots + crossing) > LOIHI.out_axon_slots
    found = foreseen_cores(network)
    assert found.layers["p1"] > first["p1"].cores
    assert found.problems == ()


def of_channels(channels, whole):
    """A layer of 16 x 16 x ``channels`` on the chip that is to be cut along rows and columns only, or not."""
    network = chain([(16, 16, 4), (16, 16, channels)], {(0, 1): convolution(RNG, 1, (4, channels))})
    wished = tuple(replace(p, whole_channels=whole and p.on_chip) for p in network.populations)
    return network.with_(populations=wished)


def test_channels_that_are_to_stay_together_do(caplog):
    free, whole = (of_channels(8, wish) for wish in (False, True))
    tiles = [feasible_tiles_of_layers(n.chip_populations, links_onto_chip(n), LOIHI)["p1"] for n in (free, whole)]
    assert [option.tile for option in tiles[1]] == [option.tile for option in tiles[0] if option.tile[2] == 8]
    assert any(option.tile[2] < 8 for option in tiles[0])
    assert foreseen_cores(whole).cores == tiles[1][0].cores
    assert not caplog.records


def test_channels_are_parted_where_no_core_holds_them_all(caplog):
    network = of_channels(1500, True)
    with caplog.at_level("INFO", logger="ann2loihi"):
        tiles = feasible_tiles_of_layers(network.chip_populations, links_onto_chip(network), LOIHI)["p1"]
    assert all(option.tile[2] < 1500 for option in tiles)
    assert "layer 'p1' was trained for cores that hold all of its 1500 channels" in caplog.text


def test_a_layer_that_fits_no_core_is_named_and_the_others_are_counted():
    ones = Connections(np.ones((1, 1), bool), np.ones((1, 1), bool), np.ones((5000, 3), bool))
    network = chain([(1, 1, 5000), (1, 1, 3), (1, 1, 3)], {(0, 1): ones, (1, 2): identity((1, 1, 3))})
    found = foreseen_cores(network)
    assert found.layers == {"p2": 1}
    assert found.board is None
    (problem,) = found.problems
    assert problem.startswith("layer 'p1'")
    assert "5000 input axons (limit 4096)" in problem


def test_a_network_larger_than_every_board_says_so():
    layers, kernel = 70, convolution(RNG, 1, (24, 24))
    network = chain([(256, 256, 24)] * (layers + 1), {(i, i + 1): kernel for i in range(layers)})
    (problem,) = foreseen_cores(network).problems
    assert "pohoiki-springs" in problem
    assert "use a smaller model" in problem
