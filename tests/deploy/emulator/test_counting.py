"""What spikes cause is the same in whichever way it is counted."""

from __future__ import annotations

from gc import collect
from random import Random
from weakref import ref

import numpy as np
import pytest

from deploy.emulator import compile_network, run
from deploy.emulator.arguments import Sent
from deploy.emulator.counting_tables import tables_of
from deploy.emulator.program import Program
from deploy.emulator.results import Spikes
from deploy.emulator.spike_counts import add_events, count_groups, count_runs
from tests.builders.copies import with_copies
from tests.builders.random_networks import random_case

Counted = tuple[np.ndarray, ...]


def one_by_one(program: Program, name: str, fired: Spikes, stops: np.ndarray) -> Counted:
    tables, until, sent, received = nothing(program, name, stops)
    given = (fired.events, fired.pointer, program.routing.of_event[name], tables)
    count_runs(*given, stops, until)
    add_events(*given, sent, received)
    return until, *sent, received


def by_group(program: Program, name: str, fired: Spikes, stops: np.ndarray, at_once: int, dtype: type) -> Counted:
    tables, until, sent, received = nothing(program, name, stops)
    room = np.ones(len(tables.own) * at_once, dtype)
    given = (fired.events, fired.pointer, program.routing.of_event[name], tables)
    count_groups(*given, stops, until, sent, received, room)
    return until, *sent, received


def nothing(program: Program, name: str, stops: np.ndarray) -> tuple:
    tables, steps = tables_of(program.routing.tables[name]), int(stops[-1])
    shape = (len(tables.cores), steps)
    sent = Sent(np.zeros(shape, np.uint16), np.zeros(shape, np.uint32))
    until = np.zeros((len(stops), len(tables.runs) - 1), np.int64)
    return tables, until, sent, np.zeros((program.routing.receivers, steps), np.int64)


@pytest.mark.parametrize("copies", [False, True])
@pytest.mark.parametrize("seed", [1, 4, 6, 9])
def test_groups_in_pieces_count_as_events_one_by_one(seed: int, copies: bool) -> None:
    case = with_copies(random_case(Random(seed)), Random(seed)) if copies else random_case(Random(seed))
    program = compile_network(case.network, case.partition)
    names, steps = list(program.numbers), case.network.timesteps
    first, *_ = run(program, case.drives_hz, record=names)
    stops = np.array([2, 3, steps])
    for name in names:
        expected = one_by_one(program, name, first.spikes[name], stops)
        for at_once, dtype in ((steps, np.uint16), (steps, np.uint32), (2, np.uint16), (1, np.uint32)):
            found = by_group(program, name, first.spikes[name], stops, at_once, dtype)
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("continuous", [False, True])
@pytest.mark.parametrize("seed", [1, 4, 6])
def test_counts_are_the_same_whether_or_not_cores_are_counted(seed: int, continuous: bool) -> None:
    case = random_case(Random(seed))
    program, steps = compile_network(case.network, case.partition), case.network.timesteps
    windows = [(0, 3), (1, steps), (0, 2), (2, 3)]
    with_cores, without = (
        run(program, case.drives_hz, windows=windows, continuous=continuous, by_core=by_core)
        for by_core in (True, False)
    )
    assert [each.counts for each in with_cores] == [each.counts for each in without]
    assert all(each.busiest is None for each in without)


def test_a_program_is_forgotten_though_it_was_counted() -> None:
    case = random_case(Random(1))
    program = compile_network(case.network, case.partition)
    run(program, case.drives_hz, windows=[(0, 3)])
    known = ref(program)
    del program
    collect()
    assert known() is None


def test_an_event_of_any_neuron_is_found_in_the_table_of_groups() -> None:
    case = random_case(Random(4))
    program = compile_network(case.network, case.partition)
    for layer in program.layers:
        groups = layer.groups
        number = np.arange(layer.neurons)
        events = number // layer.row_length << layer.shift | number % layer.row_length
        own = layer.fanout.deliveries.own
        found = np.append(groups.cores, -1)[groups.own[groups.of_event[events >> groups.shift]]]
        np.testing.assert_array_equal(found, own)
