"""Copied blocks in nengo_loihi: they spike as their neurons do, use what was foreseen, and send what is counted."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from nengo.exceptions import BuildError

from deploy.nengo_loihi.build import PlannedAllocator
from deploy.nengo_loihi.packing import compartments_of
from partition.copies.cores import cores_used
from partition.geometry.links import KernelLink, links_onto_chip
from partition.hardware import LOIHI
from tests.builders.block_counts import assert_counts_of_blocks
from tests.builders.copies import with_copies
from tests.builders.random_networks import Case, random_case, with_events, with_loops, with_synapses_left_out
from tests.builders.reference_emulator import Reference, built, fast, reference

KINDS = {
    "plain": lambda case, random: case,
    "events": with_events,
    "loops": with_loops,
    "synapses left out": with_synapses_left_out,
}


def copied_case(kind: str, seed: int) -> Case:
    case = KINDS[kind](random_case(Random(seed), leaky=bool(seed % 2)), Random(seed))
    return with_copies(case, Random(seed))


CASES = [("plain", 0), ("plain", 3), ("plain", 4), ("events", 1), ("loops", 4), ("loops", 5), ("synapses left out", 5)]


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_copies_spike_as_their_neurons_and_nothing_else_changes(kind: str, seed: int) -> None:
    case = copied_case(kind, seed)
    assert case.partition.copies
    try:
        expected = reference(case)
    except BuildError:  # weights and biases without common integers
        return
    got = fast(case)
    for name, traces in expected.traces.items():
        for key, values in traces.items():
            np.testing.assert_array_equal(got[name][key], values, f"{name} {key}")
    compare_copies(case, expected)


def compare_copies(case: Case, expected: Reference) -> None:
    """Spikes and voltages of every copy with those of the neurons that it copies."""
    blocks = list(expected.model.blocks)  # type: ignore[attr-defined]
    start = sum(block.n_neurons for block in blocks[: len(case.partition.blocks)])
    for copy in case.partition.copies:
        shape, traces = case.network.shape_of(copy.layer), expected.traces[copy.layer]
        own = np.arange(np.prod(shape)).reshape(shape)[tuple(slice(*ends) for ends in copy.slice)].ravel()
        places = start + compartments_of(copy, copy.packing)
        np.testing.assert_array_equal(expected.all_spikes[:, places], traces["spiked"][:, own])
        np.testing.assert_array_equal(expected.all_voltages[:, places], traces["voltage"][:, own])
        start += copy.packing.compartments(copy.extent)


@pytest.mark.parametrize("seed", [0, 2, 3, 5])
def test_events_of_copies_are_those_of_the_built_blocks(seed: int) -> None:
    assert_counts_of_blocks(copied_case("plain", seed))


@pytest.mark.parametrize(("kind", "seed"), [("plain", 0), ("plain", 4), ("synapses left out", 3)])
def test_copies_use_of_their_cores_what_is_foreseen(kind: str, seed: int) -> None:
    case = copied_case(kind, seed)
    links = links_onto_chip(case.network)
    used = cores_used(case.partition.wiring(case.network), links, LOIHI)
    model = built(case)
    board = PlannedAllocator(case.partition)(model, case.partition.chips)
    assert sum(len(chip.cores) for chip in board.chips) == len(case.partition.on_cores)
    blocks = list(model.blocks)  # type: ignore[attr-defined]
    for number, copy in enumerate(case.partition.copies, start=len(case.partition.blocks)):
        theirs = [have for have, _ in blocks[number].utilization().values()]
        assert [used.compartments[number], used.in_axons[number]] == theirs[:2]
        if all(isinstance(link, KernelLink) for link in links if link.target == copy.layer):
            assert used.synapse_bits[number] == theirs[3]
        assert used.out_slots[number] >= theirs[2]
