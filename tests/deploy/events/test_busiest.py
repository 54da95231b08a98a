"""The busiest pipelines of each step, against a count neuron by neuron from the definition of the transforms."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from convert.network import INPUT
from deploy.emulator import compile_network, run
from deploy.events.busiest import BUSIEST, TENTHS_NS
from partition.core.packing import PLAIN
from partition.geometry.tile import Slices
from tests.builders.copies import with_copies
from tests.builders.random_networks import Case, random_case


@pytest.mark.parametrize(("seed", "copies"), [(1, False), (4, False), (6, False), (4, True), (6, True)])
def test_busiest_pipelines_by_brute_force(seed: int, copies: bool) -> None:
    case = plain(with_copies(random_case(Random(seed)), Random(seed)) if copies else random_case(Random(seed)))
    assert bool(case.partition.copies) == copies
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
    copies = tuple(replace(copy, packing=PLAIN) for copy in partition.copies)
    return replace(case, partition=replace(partition, packings={}, copies=copies))


def pipelines(case: Case, rasters: dict[str, np.ndarray]) -> np.ndarray:
    """Shape (steps, longer and shorter, BUSIEST)."""
    network, cores = case.network, case.partition.on_cores
    held = [neurons_of(network.shape_of(core.layer), core.slice) for core in cores]
    each = np.zeros((network.timesteps, len(cores), len(BUSIEST)), np.int64)
    for number, core in enumerate(cores):
        each[:, number, 0] = np.prod(core.extent)
        each[:, number, 1] = rasters[core.layer][:, held[number]].sum(axis=1)
    for projection in network.projections:
        source, fired = projection.source, rasters.get(projection.source)
        if source == INPUT or projection.target not in {core.layer for core in cores}:
            continue
        shapes = network.shape_of(source), network.shape_of(projection.target)
        matrix = projection.transform.as_matrix(*shapes).toarray() != 0
        shared = type(projection.transform).__name__ != "Sparse"
        for number, core in enumerate(cores):
            if core.layer != projection.target:
                continue
            weights = matrix[held[number]].sum(axis=0)
            each[:, number, 3] += fired @ (weights > 0).astype(np.int64)
            each[:, number, 4] += fired @ weights
            each[:, number, 5] += fired @ weights * shared
            for neuron in np.flatnonzero(weights) if network.population(source).on_chip else ():
                each[:, sender(case, held, source, neuron, core.chip), 2] += fired[:, neuron]
    sides = [chosen(each, slice(0, 3)), chosen(each, slice(3, 6))]
    ordered = [sorted(step, key=lambda events: -(events @ TENTHS_NS)) for step in zip(*sides, strict=True)]
    return np.array(ordered)


def neurons_of(shape: tuple[int, int, int], slices: Slices) -> np.ndarray:
    return np.arange(np.prod(shape)).reshape(shape)[tuple(slice(*ends) for ends in slices)].ravel()


def sender(case: Case, held: list[np.ndarray], layer: str, neuron: int, chip: int) -> int:
    """The core that sends the spikes of a neuron to a chip: its block, or the last copy there if it is elsewhere."""
    holders = [i for i, core in enumerate(case.partition.on_cores) if core.layer == layer and neuron in held[i]]
    there = [i for i in holders if case.partition.on_cores[i].chip == chip]
    return holders[0] if holders[0] in there or not there else there[-1]


def chosen(each: np.ndarray, events: slice) -> np.ndarray:
    """Of each step the core that takes longest for these events, the others 0."""
    found = np.zeros((len(each), len(BUSIEST)), np.int64)
    for t, cores in enumerate(each):
        found[t, events] = cores[(cores[:, events] @ TENTHS_NS[events]).argmax(), events]
    return found
