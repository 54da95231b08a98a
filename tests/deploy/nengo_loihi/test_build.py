"""nengo_loihi's own model of a network and its partition, and where its blocks are put."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from convert.errors import UserError
from deploy.nengo_loihi.build import PlannedAllocator, build_model, chip_form, simulator
from tests.builders.random_networks import Case, random_case


@pytest.fixture(scope="module")
def case() -> Case:
    return random_case(Random(3))


@pytest.fixture(scope="module")
def model(case: Case) -> object:
    return build_model(case.network, case.partition)


def test_blocks_are_the_partitions(case: Case, model) -> None:
    packed = [case.partition.packing(b.layer).compartments(b.extent) for b in case.partition.blocks]
    assert [b.compartment.n_compartments for b in model.blocks] == packed
    assert all(block.compartment.vth.dtype == np.int32 for block in model.blocks)
    for block, plan in zip(model.blocks, case.partition.blocks, strict=True):
        (y0, y1), (x0, x1), (c0, c1) = plan.slice
        shape = case.network.population(plan.layer).shape
        places = np.arange(np.prod(shape)).reshape(shape)[y0:y1, x0:x1, c0:c1]
        assert model.block_comp_map[block].list == places.ravel().tolist()


def test_a_lower_vmin_reaches_the_blocks(case: Case, model) -> None:
    floor = {p.name: p.neuron.floor for p in case.network.populations}
    for block, plan in zip(model.blocks, case.partition.blocks, strict=True):
        assert (block.compartment.vmin < 0) == (floor[plan.layer] < 0)


def test_probes_give_the_spikes_asked_for(case: Case) -> None:
    name = case.network.chip_populations[-1].name
    chip = chip_form(case.network, case.partition, case.drives_hz, record=["host", name])
    with simulator(chip, case.network, case.partition) as sim:
        sim.run_steps(10)
        assert sim.data[chip.probes["host"]].shape == (10, case.network.population("host").neurons)
        assert sim.data[chip.probes[name]].shape == (10, case.network.population(name).neurons)


def test_the_allocator_puts_every_block_where_the_partition_says(case: Case, model) -> None:
    board = PlannedAllocator(case.partition)(model, n_chips=3)
    chips = sorted({block.chip for block in case.partition.blocks})
    for block, plan in zip(model.blocks, case.partition.blocks, strict=True):
        chip, core, *_ = board.find_block(block)
        assert (chips[chip], core) == (plan.chip, plan.core)
    assert board.inputs == list(model.inputs)


def test_the_allocator_closes_up_unused_numbers(case: Case, model) -> None:
    spread = tuple(replace(b, chip=3 * b.chip + 1, core=2 * b.core + 5) for b in case.partition.blocks)
    board = PlannedAllocator(replace(case.partition, blocks=spread))(model, n_chips=3)
    for block, plan in zip(model.blocks, case.partition.blocks, strict=True):
        assert board.find_block(block)[1] == plan.core


def test_too_few_chips_and_foreign_partitions_are_refused(case: Case, model) -> None:
    with pytest.raises(UserError, match="chips, the board has 0"):
        PlannedAllocator(case.partition)(model, n_chips=0)
    fewer = replace(case.partition, blocks=case.partition.blocks[1:])
    with pytest.raises(UserError, match="does not fit the model"):
        PlannedAllocator(fewer)(model, n_chips=3)
    with pytest.raises(UserError, match="does not cut this network"):
        chip_form(case.network, fewer)
