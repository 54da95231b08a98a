"""Networks that take events: every command, every target here, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import deploy
from convert.bundle import load_network
from convert.data.events.binning import Binning
from convert.data.events.opening import open_events
from convert.errors import UserError
from convert.network import Convolution, Sparse
from deploy.cli import main as deploy_model
from deploy.report.cli import main as energy_report
from partition.cli import main as partition_model
from partition.result import read_partition
from tests.builders.event_bundle import CLASSES, SHAPE, STEPS, event_bundle, listed_events


def ran(command, *arguments) -> str:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.output


@pytest.fixture(scope="module")
def given(tmp_path_factory) -> Path:
    """A folder with a partitioned bundle and data.npz."""
    folder = tmp_path_factory.mktemp("events")
    ran(partition_model, event_bundle(folder))
    np.savez(folder / "data.npz", **listed_events(8))
    return folder


@pytest.mark.slow
def test_every_command_takes_events(given: Path) -> None:
    bundle = given / "events.bundle"
    shown = ran(deploy_model, bundle, "--data", given / "data.npz", "--no-measure")
    assert "8 recordings in 40 steps of 1 ms; several events of a pixel in a step count as one" in " ".join(
        shown.split()
    )
    run = json.loads((bundle / "runs" / "fast" / "run.json").read_text())
    assert run["images"] == 8
    assert run["windows"][-1] == [2, STEPS]
    assert run["host_messages"] > 0 < run["spikes"]
    assert run["early"]["held_out"] is not None
    ran(energy_report, bundle, "-o", given / "report.html")


@pytest.fixture(scope="module")
def fast_outputs(given: Path) -> np.ndarray:
    return outputs(given, "fast")


def outputs(given: Path, target: str) -> np.ndarray:
    """After 10 and all steps, of three recordings."""
    bundle = given / "events.bundle"
    network = load_network(bundle)
    data = open_events(given / "data.npz", SHAPE, Binning(0.001, STEPS), CLASSES).dataset
    recordings = np.stack([data.image(i) for i in range(3)])
    partition = read_partition(bundle / "partition.json")
    return deploy.run_images(network, partition, recordings, target=target, steps=(10, STEPS)).outputs


def test_the_exact_targets_agree(given: Path, fast_outputs: np.ndarray) -> None:
    np.testing.assert_array_equal(outputs(given, "emulator"), fast_outputs)
    assert fast_outputs.any()


@pytest.mark.slow
def test_without_integers_the_outputs_are_near(given: Path, fast_outputs: np.ndarray) -> None:
    near = outputs(given, "nengo-dl")[-1]
    assert np.abs(near - fast_outputs[-1]).mean() < 0.25 * fast_outputs[-1].mean()


def test_steps_of_another_length_and_counted_events(given: Path) -> None:
    bundle, data = given / "events.bundle", given / "data.npz"

    def spikes(name: str, *options: str) -> float:
        ran(deploy_model, bundle, "--data", data, "--no-measure", "--name", name, *options)
        return json.loads((bundle / "runs" / name / "run.json").read_text())["host_spikes"]

    once, counted = spikes("twice", "--event-dt", "0.002"), spikes("counted", "--event-dt", "0.002", "--count-events")
    events = listed_events(8)
    assert once < counted == len(events["t_us"]) / 8
    assert spikes("later", "--event-start", "0.02") < spikes("all")


def test_what_cannot_be_is_a_sentence(given: Path, tmp_path: Path) -> None:
    bundle = given / "events.bundle"
    network, partition = load_network(bundle), read_partition(bundle / "partition.json")
    with pytest.raises(UserError, match=r"the network takes \(recordings, steps, 6, 5, 2\)"):
        deploy.run_images(network, partition, np.zeros((2, 6, 5, 2)))
    with pytest.raises(UserError, match="whole numbers from 0 to 255"):
        deploy.run_images(network, partition, np.full((1, STEPS, *SHAPE), 0.5))
    refused = CliRunner().invoke(
        deploy_model, [str(bundle), "--data", str(given / "data.npz"), "--target", "emulator", "--count-events"]
    )
    assert refused.exit_code == 2
    assert "--target fast" in " ".join(refused.output.split())


def run_json(bundle: Path, data: Path, name: str, *options: str) -> dict:
    ran(deploy_model, bundle, "--data", data, "--no-measure", "--name", name, *options)
    return json.loads((bundle / "runs" / name / "run.json").read_text())


def test_a_stream_of_windows_is_one_long_run(given: Path) -> None:
    """Spikes are those of a single presentation of all its steps; without --continuous each window starts from rest."""
    bundle, data = given / "events.bundle", given / "data.npz"
    network, partition = load_network(bundle), read_partition(bundle / "partition.json")
    found = open_events(data, SHAPE, Binning(0.001, STEPS), CLASSES, stream=True).dataset
    windows = np.stack([found.image(i) for i in range(len(found))])
    long = network.with_(timesteps=windows.shape[0] * STEPS)
    whole = deploy.run_images(long, partition, windows.reshape(1, -1, *SHAPE)).layers[0]
    report = run_json(bundle, data, "stream", "--event-stream", "--continuous")
    assert report["continuous"]
    assert report["images"] == len(found)
    assert report["spikes"] * len(found) == pytest.approx(sum(whole[p.name].spikes for p in network.chip_populations))
    cut = run_json(bundle, data, "cut", "--event-stream")
    assert cut["host_spikes"] == report["host_spikes"]
    assert cut["spikes"] != report["spikes"]


def test_where_nothing_is_left_over_a_stream_is_its_windows_alone(given: Path) -> None:
    """Neurons that fire at every spike, and have nothing left: from the step on at which spikes have come through."""
    bundle = given / "events.bundle"
    network, partition = load_network(bundle), read_partition(bundle / "partition.json")
    firing = tuple(
        replace(p, transform=replace(p.transform, kernel=np.full_like(p.transform.kernel, 2.0)))
        if isinstance(p.transform, Convolution)
        else replace(p, transform=Sparse(abs(p.transform.matrix) + 2 * (p.transform.matrix != 0)))
        if p.target == "classes"
        else p
        for p in network.projections
    )
    network = network.with_(projections=firing)
    found = open_events(given / "data.npz", SHAPE, Binning(0.001, STEPS), CLASSES, stream=True).dataset
    windows = np.stack([found.image(i) for i in range(len(found))])
    alone, stream = (deploy.run_images(network, partition, windows, continuous=on).outputs for on in (False, True))
    assert alone.any()
    np.testing.assert_array_equal(alone, stream)
