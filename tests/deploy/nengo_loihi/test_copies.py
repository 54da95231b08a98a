"""Copied blocks in nengo_loihi: they spike as their neurons do, use what was foreseen, and send what is counted."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from nengo.exceptions import BuildError

from deploy.nengo_loihi.packing import compartments_of
from partition.copies.cores import cores_used
from partition.geometry.links import KernelLink, links_onto_chip
from partition.hardware import LOIHI
from tests.builders.block_counts import assert_counts_of_blocks
from tests.builders.copies import with_copies
from tests.builders.random_networks import Case, random_case, with_events, with_loops, with_synapses_left_out
from tests.builders.reference_emulator import built, fast, reference

KINDS = {
    "plain": lambda case, random: case,
    "events": with_events,
    "loops": with_loops,
    "synapses left out": with_synapses_left_out,
}


def copied_case(kind: str, seed: int) -> Case | None:
    case = with_copies(KINDS[kind](random_case(Random(seed), leaky=bool(seed % 2)), Random(seed)), Random(seed))
    try:
        built(case)
    except BuildError:  # weights and biases without common integers
        return None
    return case if case.partition.copies else None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_copies_spike_as_their_neurons_and_nothing_else_changes(kind: str, seed: int) -> None:
    case = copied_case(kind, seed)
    if case is None:
        return
    expected, got = reference(case), fast(case)
    for name, traces in expected.traces.items():
        for key, values in traces.items():
            np.testing.assert_array_equal(got[name][key], values, f"{name} {key}")
    start = sum(block.n_neurons for block in list(expected.model.blocks)[: len(case.partition.blocks)])
    for copy in case.partition.copies:
        numbers = np.arange(np.prod(case.network.shape_of(copy.layer))).reshape(case.network.shape_of(copy.layer))
        own = numbers[tuple(slice(*ends) for ends in copy.slice)].ravel()
        places = start + compartments_of(copy, copy.packing)
        np.testing.assert_array_equal(expected.all_spikes[:, places], expected.traces[copy.layer]["spiked"][:, own])
        np.testing.assert_array_equal(expected.all_voltages[:, places], expected.traces[copy.layer]["voltage"][:, own])
        start += copy.packing.compartments(copy.extent)


@pytest.mark.parametrize("seed", range(8))
def test_events_of_copies_are_those_of_the_built_blocks(seed: int) -> None:
    case = copied_case("plain", seed)
    if case is not None:
        assert_counts_of_blocks(case)


@pytest.mark.parametrize("seed", range(12))
def test_copies_use_of_their_cores_what_is_foreseen(seed: int) -> None:
    case = copied_case("synapses left out" if seed % 2 else "plain", seed)
    if case is None:
        return
    links = links_onto_chip(case.network)
    used = cores_used(case.partition.wiring(case.network), links, LOIHI)
    blocks = list(built(case).blocks)
    for number, copy in enumerate(case.partition.copies, start=len(case.partition.blocks)):
        theirs = [have for have, _ in blocks[number].utilization().values()]
        assert [used.compartments[number], used.in_axons[number]] == theirs[:2]
        if all(isinstance(link, KernelLink) for link in links if link.target == copy.layer):
            assert used.synapse_bits[number] == theirs[3]
        assert used.out_slots[number] >= theirs[2]


def test_some_copies_are_of_each_kind() -> None:
    cases = [case for seed in range(6) if (case := copied_case("plain", seed)) is not None]
    copies = [copy for case in cases for copy in case.partition.copies]
    assert len(copies) > 10
    assert any(any(copy.packing.rows) for copy in copies)
