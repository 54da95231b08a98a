"""Synapses and events from the geometry of a network, against the definition of its transforms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from convert.network import INPUT, Convolution, ConvolutionTranspose, Input, Network, Projection, Readout, Sparse
from deploy.events.counts import layer_counts
from deploy.events.fan_out import fanouts
from partition.geometry.links import links_onto_chip
from partition.result import Block, Partition
from partition.traffic.unicast import traffic
from tests.builders.boards import row_of_chips
from tests.builders.populations import population


def geometry():
    """A host and three chip populations with every kind of projection, all weights nonzero."""
    rng = np.random.default_rng(1)
    shapes = {"host": (6, 5, 2), "a": (6, 5, 3), "b": (3, 3, 4), "c": (6, 6, 2)}
    populations = tuple(population(n, s, on_chip=n != "host", scale_hz=1.0) for n, s in shapes.items())
    projections = (
        Projection("host", "a", Convolution(rng.uniform(1, 2, (3, 3, 2, 3)))),
        Projection("a", "b", Convolution(rng.uniform(1, 2, (3, 2, 3, 4)), (2, 2))),
        Projection("host", "b", Sparse(sparse.random_array((36, 60), density=0.2, rng=rng, format="csr"))),
        Projection("b", "c", ConvolutionTranspose(rng.uniform(1, 2, (3, 3, 4, 2)), (2, 2))),
        Projection("a", "out", Convolution(rng.uniform(1, 2, (1, 1, 3, 1)))),
    )
    return Network(
        Input((6, 5, 2)), populations, projections, (Readout("out", (6, 5, 1), np.zeros((6, 5, 1))),), timesteps=9
    )


def synapses(network, projection):
    """The number of weights, shape (target neurons, source neurons), from the definition of the transform."""
    shapes = network.shape_of(projection.source), network.shape_of(projection.target)
    return (projection.transform.as_matrix(*shapes).toarray() != 0).astype(int)


def whole(network):
    """Every population on one core."""
    blocks = tuple(Block(p.name, tuple((0, n) for n in p.shape), 0, i) for i, p in enumerate(network.chip_populations))
    return Partition(row_of_chips(1), {p.name: p.shape for p in network.chip_populations}, blocks)


def synops_of(network, name):
    """The weights that a spike of each neuron adds on the chip, shape (neurons,)."""
    shape = network.population(name).shape
    total = np.zeros(shape, int)
    for table in fanouts(network, whole(network))[name].synops.values():
        total = total + table.reshape(*shape[:2], -1)
    return total.ravel()


@pytest.mark.parametrize("name", ["host", "a", "b", "c"])
def test_fanout_counts_the_synapses_on_the_chip(name):
    network = geometry()
    expected = sum(
        (synapses(network, p).sum(axis=0) for p in network.out_of(name) if p.target != "out"),
        np.zeros(network.population(name).neurons, int),
    )
    np.testing.assert_array_equal(synops_of(network, name), expected)


def test_events_by_brute_force():
    network = geometry()
    rng = np.random.default_rng(2)
    spikes = {p.name: rng.integers(0, 5, p.neurons) for p in network.populations}
    tiles = {"a": (3, 5, 3), "b": (3, 3, 2), "c": (6, 3, 2)}
    cuts = {
        "a": [((r, r + 3), (0, 5), (0, 3)) for r in (0, 3)],
        "b": [((0, 3), (0, 3), (c, c + 2)) for c in (0, 2)],
        "c": [((0, 6), (x, x + 3), (0, 2)) for x in (0, 3)],
    }
    blocks = tuple(
        Block(layer, cut, chip, core) for core, layer in enumerate(cuts) for chip, cut in enumerate(cuts[layer])
    )
    partition = Partition(row_of_chips(3), tiles, blocks)
    found = layer_counts(network, partition, fanouts(network, partition), spikes)
    assert_traffic_is_that_of_the_partition(network, partition, spikes, found)
    for name in ("host", "a", "b", "c"):
        population = network.population(name)
        into = sum(
            int(synapses(network, p).sum(axis=0) @ spikes[p.source]) for p in network.into(name) if p.source != INPUT
        )
        sent, crossing = messages(network, name, spikes[name], blocks)
        counts = found[name]
        assert counts.spikes == spikes[name].sum()
        assert counts.synops == into
        assert counts.neuron_updates == (population.neurons * 9 if name != "host" else 0)
        assert counts.messages == sent
        assert counts.interchip_messages == (crossing if name != "host" else 0)


def assert_traffic_is_that_of_the_partition(network, partition, spikes, found):
    """The messages that partitioning weighs for rates of as many spikes a step are those counted."""
    rates = {p.name: spikes[p.name].reshape(p.shape) / network.dt_s for p in network.populations}
    chips = np.array([block.chip for block in partition.blocks])
    graph = traffic(network, links_onto_chip(network), partition.tiles, rates)
    chip = [p.name for p in network.chip_populations]
    assert sum(found[name].messages for name in chip) == round(graph.total)
    assert sum(found[name].interchip_messages for name in chip) == round(graph.interchip(chips))
    assert found["host"].messages == round(graph.host)


def messages(network, name, spikes, blocks):
    """Spikes times the cores that each goes to, and of these the cores on another chip."""
    own = {neuron: block.chip for block in blocks if block.layer == name for neuron in neurons(network, block)}
    sent = crossing = 0
    for projection in network.out_of(name):
        if projection.target == "out":
            continue
        reached = synapses(network, projection)
        for block in blocks:
            if block.layer == projection.target:
                for neuron in np.flatnonzero(reached[neurons(network, block)].any(axis=0)):
                    sent += spikes[neuron]
                    crossing += spikes[neuron] * (own.get(neuron) != block.chip)
    return sent, crossing


def neurons(network, block):
    shape = network.population(block.layer).shape
    return np.arange(np.prod(shape)).reshape(shape)[tuple(slice(*r) for r in block.slice)].ravel().tolist()


def test_scaled_weights_have_the_same_fanout():
    network = geometry()
    louder = replace(
        network, projections=tuple(replace(p, transform=p.transform.scaled(2.0)) for p in network.projections)
    )
    np.testing.assert_array_equal(synops_of(louder, "host"), synops_of(network, "host"))
