"""Sums of 16 bits where no state can overflow: the same as with 32, wraps counted too, and the bound holds."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from convert.errors import UserError
from deploy.emulator import compile_network, run
from deploy.emulator.program import ChipLayer, Program
from deploy.emulator.results import EmulatorState
from tests.builders.random_networks import random_case, with_events


def wide(program: Program) -> Program:
    layers = (replace(a, largest_current=None) if isinstance(a, ChipLayer) else a for a in program.layers)
    return replace(program, layers=tuple(layers))


@pytest.mark.parametrize("seed", range(0, 60, 3))
@pytest.mark.parametrize("continuous", [False, True])
def test_spikes_counts_and_states_are_those_of_wide_sums(seed: int, *, continuous: bool) -> None:
    case = random_case(Random(seed))
    program = compile_network(case.network, case.partition)
    names = [layer.name for layer in program.layers]
    results = [run(p, case.drives_hz, record=names, continuous=continuous, threads=1) for p in (program, wide(program))]
    for narrow, plain in zip(*results, strict=True):
        assert narrow.counts == plain.counts
        for name in names:
            np.testing.assert_array_equal(narrow.spikes[name].events, plain.spikes[name].events)
        if continuous:
            arrays = (found.state.to_arrays() for found in (narrow, plain))
            for a, b in zip(*(sorted(each.items()) for each in arrays), strict=True):
                np.testing.assert_array_equal(a[1], b[1])


@pytest.mark.parametrize("seed", [15, 120, 153, 227])
def test_sums_that_wrap_are_counted(seed: int) -> None:
    case = random_case(Random(seed))
    program = compile_network(case.network, case.partition)
    wrapping = [a.name for a in program.chip_layers if a.sums_wrap and a.largest_current is not None]
    results = [run(p, case.drives_hz, continuous=True, threads=1) for p in (program, wide(program))]
    assert sum(found.counts[name].overflow[0] for found in results[0] for name in wrapping) > 0
    for narrow, plain in zip(*results, strict=True):
        assert narrow.counts == plain.counts
        for name in wrapping:
            np.testing.assert_array_equal(narrow.state.voltage[name], plain.state.voltage[name])


def test_most_layers_are_narrow_and_loud_ones_are_not() -> None:
    programs = []
    for seed in range(40):
        case = random_case(Random(seed))
        with suppress(UserError):  # biases that have no place
            programs.append(compile_network(case.network, case.partition))
    layers = [layer for program in programs for layer in program.chip_layers]
    overflow = [layer for layer in layers if layer.largest_current is None]
    assert overflow
    assert len(overflow) < len(layers) / 4


@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_no_current_exceeds_the_bound(seed: int) -> None:
    case = random_case(Random(seed))
    program = compile_network(case.network, case.partition)
    (*_, last) = run(program, case.drives_hz, continuous=True)
    for layer in program.chip_layers:
        if layer.largest_current is not None:
            assert np.abs(last.state.current[layer.name]).max() <= layer.largest_current


def test_a_state_beyond_the_bound_is_summed_wide() -> None:
    case = random_case(Random(3))
    program = compile_network(case.network, case.partition)
    (*_, last) = run(program, case.drives_hz, continuous=True)
    current = {name: np.where(u == u.max(), (1 << 23) - 1, u) for name, u in last.state.current.items()}
    strange = EmulatorState(current, last.state.voltage, last.state.arriving)
    found = [run(p, case.drives_hz, continuous=True, state=strange) for p in (program, wide(program))]
    for narrow, plain in zip(*found, strict=True):
        assert narrow.counts == plain.counts


def test_layers_that_replayed_events_reach_are_wide() -> None:
    case = with_events(random_case(Random(0)), Random(0))
    program = compile_network(case.network, case.partition)
    for layer in program.chip_layers:
        assert "host" not in layer.links.sources or layer.largest_current is None
