"""Target 'loihi' against a stand-in for NxSDK: what would be uploaded, what is refused before, what is measured."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

import pytest
from click.testing import CliRunner
from nengo.exceptions import BuildError

from convert.errors import UserError
from deploy.cli import main as deploy_model
from deploy.emulator import compile_network
from deploy.nengo_loihi.board_plan import BoardLimits, plan_of
from deploy.runs.report import read_run
from deploy.targets.registry import Job, prepare
from partition.hardware import LOIHI
from tests.builders.board_record import assert_record_is_the_emulators, bundle_case, uploaded
from tests.builders.nxsdk_stand_in import MICROSECONDS, MILLIWATTS, stand_in
from tests.builders.random_networks import Case, random_case


@pytest.mark.parametrize("seed", range(3))
def test_the_record_is_the_emulators_integers(seed, monkeypatch):
    assert_record_is_the_emulators(random_case(Random(seed)), monkeypatch)


def test_the_record_of_a_converted_network_is_the_emulators_integers(tiny, monkeypatch):
    """A residual block with strides: axons at its border reach nothing and have no number."""
    assert_record_is_the_emulators(bundle_case(tiny / "tiny.bundle"), monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 53))
def test_the_record_of_fifty_more(seed, monkeypatch):
    assert_record_is_the_emulators(held_case(seed, monkeypatch, leaky=seed % 2 == 0), monkeypatch)


def held_case(seed, monkeypatch, *, leaky):
    """The first of the random networks of ``seed`` that NengoLoihi can build.

    It leaves out one kind, about one in 25: biases that have no place beside the weights in eight bits and an exponent,
    for which NengoLoihi ends with a BuildError. Target loihi refuses each of these before anything is uploaded.
    """
    random = Random(seed)
    while True:
        case = random_case(random, leaky=leaky)
        try:
            compile_network(case.network, case.partition)
            return case
        except UserError:
            assert_refused_by_both(case, monkeypatch)


def assert_refused_by_both(case: Case, monkeypatch) -> None:
    with pytest.raises(BuildError, match="Could not find appropriate"):
        uploaded(case, monkeypatch)
    boards = stand_in(monkeypatch)
    with pytest.raises(UserError, match=r"its biases, up to .* scale weights up or biases down"):
        prepare("loihi", Job(case.network, case.partition, [(0, case.network.timesteps)]))
    assert boards == []


@pytest.mark.parametrize("target", ["fast", "loihi", "emulator"])
def test_weights_beside_which_a_threshold_rounds_to_nothing_are_refused(target, monkeypatch):
    """NengoLoihi ends with an assertion."""
    stand_in(monkeypatch)
    case = random_case(Random(1))
    last = case.network.chip_populations[-1].name
    loud = [
        replace(p, transform=p.transform.with_weights(1e6 * p.transform.weights)) if p.target == last else p
        for p in case.network.projections
    ]
    network = replace(case.network, projections=tuple(loud))
    with pytest.raises(UserError, match=f"layer '{last}': beside its largest weight, .* scale weights down"):
        prepare(target, Job(network, case.partition, [(0, network.timesteps)]))


def test_biases_that_have_no_place_are_refused_before_the_upload(monkeypatch):
    """Every layer of that kind at once."""
    case = random_case(Random(1))
    loud = [replace(p, bias_hz=p.bias_hz + 1e9) if p.on_chip else p for p in case.network.populations]
    network = replace(case.network, populations=tuple(loud))
    assert_refused_by_both(replace(case, network=network), monkeypatch)
    for target in ("loihi", "emulator"):
        with pytest.raises(UserError) as caught:
            prepare(target, Job(network, case.partition, [(0, network.timesteps)]))
        assert len(caught.value.problems) == len(network.chip_populations)


def test_a_run_on_the_stand_in_reports_what_the_board_measured(tiny, tiny_bundle, monkeypatch):
    """Every image is uploaded anew; power is a mean, dynamic power may be negative."""
    boards = stand_in(monkeypatch)
    arguments = [tiny_bundle, "--data", tiny / "data.npz", "--target", "loihi", "--no-measure", "--images", "2"]
    result = CliRunner().invoke(deploy_model, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output + repr(result.exception)
    report = read_run(tiny_bundle / "runs" / "loihi")
    (device,) = report.devices
    seconds = 32 * MICROSECONDS * 1e-6
    assert (device.measured, device.kind) == (True, "spiking chip")
    assert device.seconds_per_inference == pytest.approx(seconds)
    assert device.joules_per_inference.dynamic == pytest.approx(MILLIWATTS["dynamic"] * 1e-3 * seconds)
    assert device.joules_per_inference.total == pytest.approx(MILLIWATTS["total"] * 1e-3 * seconds)
    assert [board.steps for board in boards] == [32, 32]
    assert all(board.global_spike_generator.spikes for board in boards)


LIMITS = {
    "probed_neurons": (
        BoardLimits(probed_neurons=1),
        "the host reads .* neurons of the chip, a board's probes hold 1;",
    ),
    "spikes": (BoardLimits(generated_spikes=1, snip_spikes=1), "the host sends about .* use --timesteps"),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_what_exceeds_a_limit_of_the_board_is_refused_before_the_upload(limit, tiny, tiny_bundle, monkeypatch):
    boards = stand_in(monkeypatch)
    limits, said = LIMITS[limit]
    monkeypatch.setattr("deploy.targets.loihi.BOARD_LIMITS", limits)
    arguments = [tiny_bundle, "--data", tiny / "data.npz", "--target", "loihi", "--no-measure"]
    result = CliRunner().invoke(deploy_model, [str(argument) for argument in arguments])
    assert result.exit_code == 2, result.output + repr(result.exception)
    assert re.search(said, result.stderr)
    assert boards == []


@pytest.mark.parametrize(
    "chip",
    [
        replace(LOIHI, in_axons=1),
        replace(LOIHI, out_axon_slots=1),
        replace(LOIHI, compartments=1),
        replace(LOIHI, synapse_bits=1),
    ],
    ids=["in_axons", "out_axon_slots", "compartments", "synapse_bits"],
)
def test_what_exceeds_a_limit_of_the_chip_is_refused_before_the_upload(chip):
    case = random_case(Random(1))
    board = replace(case.partition.board, chip=chip)
    names = [case.network.chip_populations[-1].name]
    with pytest.raises(UserError, match="the limit is 1; run partition-model"):
        plan_of(case.network, replace(case.partition, board=board), case.drives_hz, names)


def test_many_spikes_are_passed_on_by_a_snip_and_few_layers_are_probed():
    case = random_case(Random(1))
    names = [case.network.chip_populations[-1].name]
    plan = plan_of(case.network, case.partition, case.drives_hz, names)
    assert plan.precompute
    assert set(plan.record) == {p.name for p in case.network.populations}
    few = BoardLimits(generated_spikes=0, probed_neurons=case.network.population(names[0]).neurons)
    plan = plan_of(case.network, case.partition, case.drives_hz, names, few)
    assert not plan.precompute
    assert 0 < plan.snip_spikes <= few.snip_spikes
    assert set(plan.record) == set(names) or len(case.network.chip_populations) == 1
