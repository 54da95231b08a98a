"""Drives and states of another network are refused: the loops would read beyond their arrays."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from convert.errors import UserError
from deploy.emulator import EmulatorState, Program, Spikes, compile_network, run
from tests.builders.random_networks import Case, random_case


@pytest.fixture(scope="module")
def case() -> Case:
    return random_case(Random(3))


@pytest.fixture(scope="module")
def program(case: Case) -> Program:
    return compile_network(case.network, case.partition)


@pytest.fixture(scope="module")
def state(case: Case, program: Program) -> EmulatorState:
    found = run(program, case.drives_hz, continuous=True)[-1].state
    assert found is not None
    return found


def refused(case: Case, program: Program, state: EmulatorState, match: str) -> None:
    with pytest.raises(UserError, match=match):
        run(program, case.drives_hz, continuous=True, state=state)


def test_the_state_of_another_network(case: Case, program: Program) -> None:
    other = random_case(Random(8))
    foreign = run(compile_network(other.network, other.partition), other.drives_hz, continuous=True)[-1].state
    refused(case, program, foreign, "the state is not this program's")


@pytest.mark.parametrize("part", ["voltage", "current", "arriving"])
def test_a_state_that_lacks_a_layer(case: Case, program: Program, state: EmulatorState, part: str) -> None:
    name = program.chip_layers[0].name
    rest = {key: value for key, value in getattr(state, part).items() if key != name}
    refused(case, program, replace(state, **{part: rest}), f"{name!r}")


@pytest.mark.parametrize("part", ["voltage", "current"])
def test_a_state_with_too_few_neurons(case: Case, program: Program, state: EmulatorState, part: str) -> None:
    name = program.chip_layers[-1].name
    shorter = getattr(state, part) | {name: getattr(state, part)[name][:, :-1]}
    refused(case, program, replace(state, **{part: shorter}), f"the {part} of {name!r} has shape")


def test_a_state_with_spikes_of_neurons_that_there_are_not(case: Case, program: Program, state: EmulatorState) -> None:
    layer = program.chip_layers[0]
    for events, pointer in (
        ([2**30], [[0, 0]] * (len(layer.strips) - 1) + [[0, 1]]),
        ([0], [[0, 0]] * (len(layer.strips) - 1) + [[0, 2]]),
        ([], [[0, 0]] * (len(layer.strips) + 1)),
    ):
        spikes = Spikes(np.array(events, np.int32), np.array(pointer, np.int64))
        wrong = replace(state, arriving=state.arriving | {layer.name: spikes})
        refused(case, program, wrong, f"on its way from {layer.name!r} are no spikes")


def test_a_state_in_reset_mode(case: Case, program: Program, state: EmulatorState) -> None:
    with pytest.raises(UserError, match="starts every image from rest: leave out the state"):
        run(program, case.drives_hz, state=state)


def test_drives_of_another_number_of_neurons(case: Case, program: Program) -> None:
    with pytest.raises(UserError, match="the drives of 'host' are one number for each of"):
        run(program, {"host": case.drives_hz["host"][:, :-1]})
