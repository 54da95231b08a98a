"""The kinds of links: which one a projection is, and what both have to agree on with its matrix."""

from __future__ import annotations

import numpy as np
import pytest

from partition.core.packing import PLAIN
from partition.core.synapse_lists import weights_delivered
from partition.geometry.blocks import block_of_neuron
from partition.geometry.links import KernelLink, MatrixLink, SeparableLink, links_onto_chip
from tests.builders.tiled_networks import TILES, connected, every_link

NETWORK = every_link()
LINKS = links_onto_chip(NETWORK)


def test_projections_that_share_a_kernel_have_taps_and_others_a_matrix():
    kinds = {(link.source, link.target): type(link) for link in LINKS}
    assert {ends for ends, kind in kinds.items() if kind is MatrixLink} == {("p2", "p4")}
    assert {ends for ends, kind in kinds.items() if kind is SeparableLink} == {("p1", "p4")}
    for link in LINKS:
        if isinstance(link, KernelLink):
            assert link.kernel is link.projection.transform.weights
            assert (link.rows.shape, link.columns.shape) == tuple(
                zip(link.source_shape[:2], link.target_shape[:2], strict=True)
            )


@pytest.mark.parametrize("link", LINKS, ids=lambda link: f"{link.source}-{link.target}")
def test_synapses_are_those_of_the_matrix(link):
    matrix = link.projection.transform.as_matrix(link.source_shape, link.target_shape)
    np.testing.assert_array_equal(connected(link), matrix.toarray().T != 0)


@pytest.mark.parametrize("link", LINKS, ids=lambda link: f"{link.source}-{link.target}")
def test_without_packing_a_spike_adds_one_weight_for_each_synapse(link):
    for tile in TILES[link.target]:
        table = weights_delivered(link, tile, PLAIN).sum(axis=1)
        added = np.broadcast_to(table.reshape(*link.source_shape[:2], -1), link.source_shape)
        np.testing.assert_array_equal(added, link.projection.transform.fan_out(link.source_shape, link.target_shape))


def test_pairs_of_a_matrix_are_the_blocks_that_a_neuron_reaches():
    for link in LINKS:
        if isinstance(link, MatrixLink):
            for tile in TILES[link.target]:
                block = block_of_neuron(link.target_shape, tile)
                expected = {
                    (neuron, int(b)) for neuron, row in enumerate(connected(link)) for b in np.unique(block[row])
                }
                source, reached = link.pairs(tile)
                assert len(source) == len(expected)
                assert set(zip(source.tolist(), reached.tolist(), strict=True)) == expected


def test_digests_tell_geometries_apart_and_know_equal_ones():
    again = links_onto_chip(every_link())
    assert [link.geometry for link in LINKS] == [link.geometry for link in again]
    first, last = (link for link in LINKS if (link.source, link.target) in (("p0", "p1"), ("p3", "p4")))
    assert first.geometry == last.geometry  # 3x3, from 8 x 9 to 8 x 9 pixels, whatever the channels
    assert len({link.geometry for link in LINKS}) == len(LINKS) - 1
