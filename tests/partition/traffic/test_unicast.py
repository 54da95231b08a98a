"""Messages between blocks against counting them neuron by neuron."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from convert.network import Sparse
from partition.geometry.blocks import block_of_neuron, cores
from partition.geometry.links import Link, links_onto_chip
from partition.traffic.unicast import check_rates, traffic
from tests.builders.shaped_networks import chain, convolution, random_rates, separable, transposed

RNG = np.random.default_rng(1)
SHAPES = [(8, 9, 3), (8, 9, 4), (4, 5, 6), (8, 9, 5), (8, 9, 4)]
TRANSFORMS = {
    (0, 1): convolution(RNG, 3, (3, 4)),
    (1, 2): convolution(RNG, 3, (4, 6), 2),
    (2, 3): transposed(RNG, 3, (6, 5)),
    (1, 3): convolution(RNG, 5, (4, 5)),
    (3, 4): convolution(RNG, 3, (5, 4)),
    (1, 4): separable(RNG, (8, 9, 4), (8, 9, 4)),
    (2, 4): Sparse(sparse.random_array((288, 120), density=0.02, rng=RNG, format="csr")),
}
TILINGS = [
    {"p1": (8, 9, 4), "p2": (4, 5, 6), "p3": (8, 9, 5), "p4": (8, 9, 4)},
    {"p1": (3, 4, 3), "p2": (1, 5, 4), "p3": (5, 9, 1), "p4": (8, 1, 4)},
    {"p1": (2, 9, 1), "p2": (2, 2, 6), "p3": (3, 3, 2), "p4": (1, 2, 3)},
]


def connected(link: Link) -> np.ndarray:
    """Shape (source neurons, target neurons): whether there is a synapse, from the definition."""
    transform = link.projection.transform
    if isinstance(transform, Sparse):
        return transform.matrix.toarray().T != 0
    pixels = (link.rows >= 0)[:, None, :, None] & (link.columns >= 0)[None, :, None, :]
    channels = np.ones((link.source_shape[2], link.target_shape[2]))
    return np.kron(pixels.reshape(np.prod(pixels.shape[:2]), -1), channels) > 0


def by_counting(network, tiles, rates):
    names = [p.name for p in network.chip_populations]
    sizes = [cores(network.shape_of(n), tiles[n]) for n in names]
    offset = dict(zip(names, np.cumsum([0, *sizes]), strict=False))
    messages, host = np.zeros((sum(sizes), sum(sizes))), 0.0
    for link in links_onto_chip(network):
        per_step = rates[link.source].ravel() * network.dt_s
        target = block_of_neuron(link.target_shape, tiles[link.target])
        for neuron, synapses in enumerate(connected(link)):
            for block in np.unique(target[synapses]):
                if link.source == "p0":
                    host += per_step[neuron]
                else:
                    source = block_of_neuron(link.source_shape, tiles[link.source])[neuron]
                    messages[offset[link.source] + source, offset[link.target] + block] += per_step[neuron]
    return messages, host


@pytest.mark.parametrize("tiles", TILINGS)
def test_traffic_is_that_of_counting_every_neuron(tiles):
    network = chain(SHAPES, TRANSFORMS)
    rates = random_rates(network)
    graph = traffic(network, links_onto_chip(network), tiles, rates)
    messages, host = by_counting(network, tiles, rates)
    np.testing.assert_allclose(graph.messages.toarray(), messages, rtol=1e-9, atol=1e-12)
    assert graph.host == pytest.approx(host)
    chip = np.arange(graph.blocks) % 3
    expected = sum(messages[i, j] for i, j in np.ndindex(messages.shape) if chip[i] != chip[j])
    assert graph.interchip(chip) == pytest.approx(expected)
    assert graph.between_chips(chip, 3).sum() == pytest.approx(expected)
    assert graph.total == pytest.approx(messages.sum())


def test_missing_and_impossible_rates_are_all_named():
    network = chain(SHAPES, TRANSFORMS)
    rates = random_rates(network)
    del rates["p2"]
    rates["p3"] = np.full((8, 9, 5), np.nan)
    rates["p4"] = np.ones(3)
    assert [p.split("'")[1] for p in check_rates(network.populations, rates)] == ["p2", "p3", "p4"]
