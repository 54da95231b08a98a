"""Chips as regions of the image, counted neuron by neuron."""

from __future__ import annotations

import numpy as np
import pytest

from partition.geometry.blocks import block_of_neuron, cores
from partition.geometry.links import links_onto_chip
from partition.tiles.region_placement import place_by_majority, place_by_region, place_by_slab
from partition.tiles.regions import (
    Group,
    balanced_cores,
    chip_of_block,
    even_cores,
    grids,
    region_cuts,
    region_of_each_block,
    region_of_pixel,
    region_of_tile,
    spikes_outside_own_region,
)
from partition.traffic.unicast import traffic
from tests.builders.shaped_networks import random_rates
from tests.builders.tiled_networks import TILES, connected, every_link

NETWORK = every_link()
RATES = {name: rates * NETWORK.dt_s for name, rates in random_rates(NETWORK).items()}
LINKS = [link for link in links_onto_chip(NETWORK) if link.source != "p0"]
GRIDS = [(1, 1), (2, 1), (1, 3), (2, 2), (3, 2)]
LAYOUT = (Group(("p1", "p3"), (2, 2)), Group(("p2", "p4"), (1, 3)))


def region_of_neurons(shape, grid):
    """The region of each neuron's pixel, by where its centre lies in the image."""
    y, x, _ = np.indices(shape)
    row, column = ((axis + 0.5) / size * regions for axis, size, regions in zip((y, x), shape, grid, strict=False))
    return (row.astype(int) * grid[1] + column.astype(int)).ravel()


def test_grids_are_all_ways_to_lay_chips_over_the_image():
    assert grids(6) == [(1, 6), (2, 3), (3, 2), (6, 1)]


def test_a_position_and_a_tile_belong_to_the_region_of_their_centre():
    assert region_of_pixel(6, 2).tolist() == [0, 0, 0, 1, 1, 1]
    assert region_of_pixel(5, 2).tolist() == [0, 0, 1, 1, 1]
    # tiles 0-3, 4-7, 8-9 of 10 have their centres at 2, 6 and 9
    assert region_of_tile(10, 4, 2).tolist() == [0, 1, 1]
    assert region_of_tile(10, 10, 2).tolist() == [1]  # on the border: the region after it


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("link", LINKS, ids=lambda link: f"{link.source}-{link.target}")
def test_cuts_are_the_messages_of_neurons_to_blocks_of_other_regions(link, grid):
    tiles = TILES[link.target]
    crossing, every = region_cuts(link, tiles, RATES[link.source])(grid)
    home = region_of_neurons(link.source_shape, grid)
    for tile, cut, total in zip(tiles, crossing, every, strict=True):
        block = block_of_neuron(link.target_shape, tile)
        region = region_of_each_block(link.target_shape, tile, grid)
        reached = [np.unique(block[synapses]) for synapses in connected(link)]
        spikes = RATES[link.source].ravel()
        assert total == pytest.approx(sum(s * len(blocks) for s, blocks in zip(spikes, reached, strict=True)))
        expected = sum(s * (region[b] != own).sum() for s, b, own in zip(spikes, reached, home, strict=True))
        assert cut == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("layer", TILES)
def test_spikes_outside_their_own_region_are_those_of_neurons_in_a_tile_of_another_one(layer, grid):
    shape = NETWORK.shape_of(layer)
    home = region_of_neurons(shape, grid)
    found = spikes_outside_own_region(TILES[layer], grid, RATES[layer])
    for tile, outside in zip(TILES[layer], found, strict=True):
        there = region_of_each_block(shape, tile, grid)[block_of_neuron(shape, tile)]
        assert outside == pytest.approx(RATES[layer].ravel()[there != home].sum(), abs=1e-12)


@pytest.mark.parametrize("grid", GRIDS)
def test_balanced_cores_are_those_of_the_fullest_region_in_every_region(grid):
    for layer, tiles in TILES.items():
        shape = NETWORK.shape_of(layer)
        for tile in tiles:
            fullest = np.bincount(region_of_each_block(shape, tile, grid)).max()
            assert balanced_cores(shape, tile, grid) == fullest * grid[0] * grid[1]
            assert even_cores(shape, tile, grid) == cores(shape, tile)


def test_groups_of_layers_have_chips_of_their_own():
    tiles = {name: options[1] for name, options in TILES.items()}
    chips = {name: chip_of_block(LAYOUT, name, NETWORK.shape_of(name), tile) for name, tile in tiles.items()}
    assert set(chips["p1"]) | set(chips["p3"]) == {0, 1, 2, 3}
    assert set(chips["p2"]) | set(chips["p4"]) == {4, 5, 6}
    placed = place_by_region(NETWORK, tiles, LAYOUT)
    np.testing.assert_array_equal(placed, np.concatenate([chips[name] for name in TILES]))


def test_slabs_hold_equally_many_blocks_of_their_group():
    tiles = {name: options[2] for name, options in TILES.items()}
    graph = traffic(NETWORK, links_onto_chip(NETWORK), tiles, random_rates(NETWORK))
    chip = place_by_slab(graph, NETWORK, LAYOUT)
    for group, own in zip(LAYOUT, (range(4), range(4, 7)), strict=True):
        members = np.isin(graph.layer, [graph.layers.index(name) for name in group.layers])
        counted = np.bincount(chip[members], minlength=7)
        assert set(np.flatnonzero(counted)) == set(own)
        assert np.ptp(counted[list(own)]) <= 2
    top, bottom = (
        np.mean([s[0] for s, c in zip(graph.slices, chip, strict=True) if c in own]) for own in ((0, 1), (2, 3))
    )
    assert top < bottom


def test_blocks_of_other_tiles_go_where_most_of_their_neurons_were():
    old, new = (2, 8, 4), (4, 4, 4)
    chip = np.array([0, 0, 2, 1])  # rows 0-1, 2-3, 4-5, 6-7
    assert place_by_majority((8, 8, 4), old, chip, new, 3).tolist() == [0, 0, 1, 1]  # a tie: the first chip
    assert place_by_majority((8, 8, 4), old, np.array([0, 0, 2, 2]), new, 3).tolist() == [0, 0, 2, 2]
