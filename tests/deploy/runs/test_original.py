"""Without Keras: the original by its rate network, networks made by hand, images without labels."""

from __future__ import annotations

import json
import subprocess
import sys

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

import deploy
from convert.bundle import load_network, load_report, save_bundle
from convert.errors import UserError
from convert.report import ConversionReport
from deploy.cli import main as deploy_model
from deploy.energy.measure import NO_MODEL
from deploy.report.cli import main as energy_report
from deploy.runs.original import original_of
from partition.cli import main as partition_model
from partition.result import read_partition
from tests.builders.one_neuron import chain
from tests.builders.paths import ROOT


def ran(command, *arguments):
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.stdout


def run_json(bundle, name="fast"):
    return json.loads((bundle / "runs" / name / "run.json").read_text())


@pytest.fixture
def by_hand(tmp_path):
    """A bundle of two neurons that no model was converted to, partitioned, and two labelled images."""
    network, _ = chain(0.6)
    report = ConversionReport(input_shape=network.input.shape, dt_s=network.dt_s, timesteps=network.timesteps)
    rates = {p.name: np.full(p.shape, 50.0, np.float32) for p in network.populations}
    save_bundle(tmp_path / "hand.bundle", network, rates, report)
    ran(partition_model, tmp_path / "hand.bundle")
    np.savez(tmp_path / "data.npz", x=np.array([0.0, 1.0], np.float32).reshape(2, 1, 1, 1), y=np.array([0, 1]))
    return tmp_path / "hand.bundle"


@pytest.mark.slow
def test_a_run_without_measuring_loads_no_tensorflow(tiny, tiny_bundle):
    arguments = [str(tiny_bundle), "--data", str(tiny / "data.npz"), "--no-measure"]
    code = (
        f"import sys\nfrom deploy.cli import main\nmain({arguments!r}, standalone_mode=False)\n"
        "print('LOADED', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {name.split(".")[0] for name in done.stdout.split("LOADED")[1].split()}
    assert loaded & {"tensorflow", "tf_keras", "keras", "nengo_dl"} == set()
    assert run_json(tiny_bundle)["metrics"]["ann"].keys() == {"accuracy"}


def test_without_the_model_the_rate_network_stands_for_it(tiny, tiny_bundle):
    with_model = original_of(tiny_bundle).predictor
    (tiny_bundle / "source.keras").unlink()
    images = np.load(tiny / "data.npz")["x"].astype(np.float32)
    np.testing.assert_array_equal(original_of(tiny_bundle).predictor(images), with_model(images))
    ran(deploy_model, tiny_bundle, "--data", tiny / "data.npz")
    found = run_json(tiny_bundle)
    assert "accuracy" in found["metrics"]["ann"]
    (entry,) = found["timings"]["devices_measured"]
    assert (entry["name"], entry["absent"]) == ("this machine", NO_MODEL)


def test_a_rate_network_that_differs_does_not_stand_for_the_model(tiny, tiny_bundle):
    report = msgspec.structs.replace(load_report(tiny_bundle), rate_network_is_original=False)
    (tiny_bundle / "conversion.json").write_bytes(msgspec.json.encode(report))
    found = original_of(tiny_bundle)
    assert found.rate_network is None
    images = np.load(tiny / "data.npz")["x"].astype(np.float32)
    by_rates = original_of(tiny / "tiny.bundle").predictor(images)
    np.testing.assert_allclose(found.predictor(images), by_rates, atol=1e-5)
    (tiny_bundle / "source.keras").unlink()
    with pytest.raises(UserError, match="no source model"):
        original_of(tiny_bundle)


def test_a_network_made_by_hand_goes_through_the_commands(by_hand):
    folder = by_hand.parent
    said = ran(deploy_model, by_hand, "--data", folder / "data.npz")
    assert "no original to compare with" in said
    assert "Keras, original" not in said
    found = run_json(by_hand)
    assert "ann" not in found["metrics"]
    assert found["spikes"] == 1.5  # 3 for the white image, none for the black one
    said = ran(energy_report, by_hand, "-o", folder / "report.html")
    assert "no ANN to compare with" in said
    assert "ann" not in json.loads((folder / "report.json").read_text())["runs"][0]["metrics"]


def test_images_without_labels_in_python(by_hand):
    network, partition = load_network(by_hand), read_partition(by_hand / "partition.json")
    found = deploy.run_images(network, partition, np.array([0, 1]).reshape(2, 1, 1, 1), steps=[8, 16, 32], window=1.0)
    assert [stop for _, stop in found.windows] == [8, 16, 32]
    # one spike on the chip for every two of the host, 125 Hz, each a step later: 0, 1 and 3 of them
    np.testing.assert_allclose(found.outputs[:, 1, 0], [0, 1 / 0.015, 3 / 0.031], rtol=1e-6)
    assert not found.outputs[:, 0].any()
    assert [layers["chip"].spikes for layers in found.layers] == [0, 3]
    assert [layers["chip"].synops for layers in found.layers] == [0, 8]


def test_images_of_another_shape_are_refused(by_hand):
    network, partition = load_network(by_hand), read_partition(by_hand / "partition.json")
    with pytest.raises(UserError, match=r"images of shape \(1, 2, 1, 1\): the network takes \(images, 1, 1, 1\)"):
        deploy.run_images(network, partition, np.zeros((1, 2, 1, 1)))
    with pytest.raises(UserError, match="images of shape"):
        deploy.run_images(network, partition, np.zeros((0, 1, 1, 1)))


def test_the_original_runs_as_a_target(tiny, tiny_bundle):
    said = ran(deploy_model, tiny_bundle, "--data", tiny / "data.npz", "--target", "keras", "--no-measure")
    assert "not counted" in said
    found = run_json(tiny_bundle, "keras")
    assert found["metrics"]["snn"] == found["metrics"]["ann"]
    assert found["spikes"] is found["synops"] is found["host_messages"] is None
    assert found["layers"] == []
    ran(energy_report, tiny_bundle, "-o", tiny_bundle.parent / "report.html")
