"""The busiest pipelines of each step, against a count neuron by neuron from the definition of the transforms."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from convert.network import INPUT
from deploy.emulator import compile_network, run
from deploy.events.busiest import BUSIEST, NANOSECONDS, Loads, busiest_until, packed_receiving, packed_sending
from partition.geometry.blocks import block_of_neuron
from tests.builders.random_networks import Case, random_case


@pytest.mark.parametrize("seed", [1, 4, 6])
def test_busiest_pipelines_by_brute_force(seed: int) -> None:
    case = plain(random_case(Random(seed)))
    network = case.network
    program = compile_network(network, case.partition)
    names = [p.name for p in network.populations]
    windows = [(0, 3), (0, network.timesteps)]
    (first, *_) = run(program, case.drives_hz, record=names, windows=windows)
    rasters = {name: first.spikes[name].raster(program.layer(name)) for name in names}
    expected = pipelines(case, rasters)
    np.testing.assert_array_equal(first.busiest[0], expected[:3].sum(axis=0))
    np.testing.assert_array_equal(first.busiest[1], expected.sum(axis=0))
    np.testing.assert_array_equal(first.busiest[1], first.busiest[2])
    assert first.busiest[-1][:, BUSIEST.index("synops")].sum() > 0


def plain(case: Case) -> Case:
    """Without packings, so that a spike adds one weight for each synapse."""
    partition = case.partition
    return Case(case.network, type(partition)(partition.board, partition.tiles, partition.blocks), case.drives_hz)


def pipelines(case: Case, rasters: dict[str, np.ndarray]) -> np.ndarray:
    """Shape (steps, longer and shorter, BUSIEST)."""
    network, blocks = case.network, case.partition.blocks
    layers = [block.layer for block in blocks]
    each = np.zeros((network.timesteps, len(blocks), len(BUSIEST)), np.int64)
    each[:, :, 0] = [np.prod(block.extent) for block in blocks]
    for p in network.chip_populations:
        own = layers.index(p.name) + block_of_neuron(p.shape, case.partition.tiles[p.name])
        for neuron, core in enumerate(own):
            each[:, core, 1] += rasters[p.name][:, neuron]
    for projection in network.projections:
        if projection.source == INPUT or projection.target not in layers:
            continue
        source, target = network.population(projection.source), network.population(projection.target)
        matrix = projection.transform.as_matrix(source.shape, target.shape).toarray() != 0
        cores = layers.index(target.name) + block_of_neuron(target.shape, case.partition.tiles[target.name])
        shared = type(projection.transform).__name__ != "Sparse"
        for neuron in range(source.neurons):
            reached, weights = np.unique(cores[matrix[:, neuron]], return_counts=True)
            fired = rasters[source.name][:, neuron]
            if source.on_chip:
                tile = case.partition.tiles[source.name]
                core = layers.index(source.name) + block_of_neuron(source.shape, tile)[neuron]
                each[:, core, 2] += fired * len(reached)
            for core, added in zip(reached, weights, strict=True):
                each[:, core, 3] += fired
                each[:, core, 4] += fired * added
                each[:, core, 5] += fired * added * shared
    sides = [chosen(each, slice(0, 3)), chosen(each, slice(3, 6))]
    ordered = [sorted(step, key=lambda events: -(events @ NANOSECONDS)) for step in zip(*sides, strict=True)]
    return np.array(ordered)


def chosen(each: np.ndarray, events: slice) -> np.ndarray:
    """Of each step the core that takes longest for these events, the others 0."""
    found = np.zeros((len(each), len(BUSIEST)), np.int64)
    for t, cores in enumerate(each):
        found[t, events] = cores[(cores[:, events] @ NANOSECONDS[events]).argmax(), events]
    return found


def test_packed_numbers_add_up_to_their_limits() -> None:
    spikes, messages, synops = 1024, 4096 * 4, 4096 * 1024 - 1
    sent = sum(packed_sending(np.array([1]), np.array([messages // spikes])) for _ in range(spikes))
    received = packed_receiving(np.array([4096]), np.array([synops]), np.array([synops]))
    events = Loads(sent[None], received[None]).events(np.array([7]))
    np.testing.assert_array_equal(events, [[[7, spikes, messages, 4096, synops, synops]]])


def test_the_longer_pipeline_is_chosen_in_each_step() -> None:
    sent = packed_sending(np.array([[0, 0], [9, 0]]), np.array([[0, 0], [9, 0]]))
    received = packed_receiving(np.array([[0, 50], [0, 1]]), np.array([[0, 500], [0, 2]]), np.array([[0, 0], [0, 2]]))
    found = busiest_until(Loads(sent, received), np.array([4, 2]), np.array([0, 1, 2]))
    assert not found[0].any()
    np.testing.assert_array_equal(found[1], [[0, 0, 0, 50, 500, 0], [4, 0, 0, 0, 0, 0]])
    np.testing.assert_array_equal(found[2] - found[1], [[4, 9, 9, 0, 0, 0], [0, 0, 0, 1, 2, 2]])
