"""Messages between chips with multicast, counted neuron by neuron."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from convert.network import Sparse
from partition.geometry.blocks import block_of_neuron
from partition.geometry.links import links_onto_chip
from partition.traffic.cores_reached import cores_on_chips
from partition.traffic.multicast import multicast_interchip
from partition.traffic.unicast import traffic
from tests.builders.shaped_networks import random_rates, unet


@pytest.fixture(scope="module")
def placed():
    network = unet(16, [3, 4])
    links = links_onto_chip(network)
    tiles = {p.name: (5, 4, 2) for p in network.chip_populations}
    graph = traffic(network, links, tiles, random_rates(network))
    rng = np.random.default_rng(0)
    return network, links, tiles, graph, {p.name: rng.integers(0, 3, (graph.layer == i).sum())
                                          for i, p in enumerate(network.chip_populations)}  # fmt: skip


def test_cores_on_chips_are_the_blocks_reached(placed):
    network, links, tiles, _, chips = placed
    for link in links:
        shape = network.shape_of(link.source)
        rows, columns = (np.asarray(taps) >= 0 for taps in (link.rows, link.columns))
        block = block_of_neuron(link.target_shape, tiles[link.target]).reshape(link.target_shape)
        found = cores_on_chips(link, tiles[link.target], chips[link.target])
        for y, x in np.ndindex(shape[:2]):
            reached = np.unique(block[rows[y]][:, columns[x]])
            expected = np.bincount(chips[link.target][reached], minlength=found.shape[-1])
            assert found[y, x, 0].tolist() == expected.tolist()


def test_multicast_needs_at_most_the_messages_of_unicast(placed):
    network, links, tiles, graph, chips = placed
    chip = np.concatenate([chips[name] for name in graph.layers])
    multicast = multicast_interchip(network, links, tiles, random_rates(network), chips)
    assert 0.2 * graph.interchip(chip) < multicast < graph.interchip(chip)
    alone = {name: np.zeros_like(values) for name, values in chips.items()}
    assert multicast_interchip(network, links, tiles, random_rates(network), alone) == 0


def test_one_message_for_each_chip_by_hand():
    from tests.builders.shaped_networks import chain

    first, second = (Sparse(sparse.csr_array(np.ones(shape))) for shape in ((2, 1), (4, 2)))
    network = chain([(1, 1, 1), (1, 1, 2), (1, 1, 4)], {(0, 1): first, (1, 2): second})
    tiles = {"p1": (1, 1, 1), "p2": (1, 1, 1)}
    chips = {"p1": np.array([0, 1]), "p2": np.array([0, 1, 1, 2])}
    rates = {"p0": np.zeros(1), "p1": np.array([100.0, 1000.0]), "p2": np.zeros(4)}
    # the first neuron reaches chips 1 (twice) and 2, the second chips 0 and 2
    assert multicast_interchip(network, links_onto_chip(network), tiles, rates, chips) == pytest.approx(
        0.1 * 2 + 1.0 * 2
    )
