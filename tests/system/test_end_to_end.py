"""The four commands on real input: the embedded U-Net on images made here, and a small residual classifier."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

import deploy.runs.checkpoint
from convert.cli import main as convert_model
from deploy.cli import main as deploy_model
from deploy.report.cli import main as energy_report
from partition.cli import main as partition_model
from tests.builders.paths import ROOT

UNET = ROOT / "examples" / "unet_em"
EVENTS = ("spikes", "synops", "neuron_updates", "messages", "interchip_messages", "conv_synops")


def run(command, *arguments):
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output + repr(result.exception)
    assert result.stderr == ""
    return result.stdout


def read(path):
    """The JSON file ``path``."""
    return json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(f"{path} holds {name}"))


@pytest.fixture(scope="module")
def unet(tmp_path_factory):
    """A folder with the U-Net's bundle, test images, runs on three targets and the report."""
    folder = tmp_path_factory.mktemp("unet")
    for name, images, size, seed in (("train", 4, 40, 1), ("test", 2, 32, 2)):
        subprocess.run(
            [
                sys.executable,
                UNET / "make_data.py",
                folder / name,
                f"--images={images}",
                f"--size={size}",
                f"--seed={seed}",
            ],
            check=True,
        )
    bundle, test = folder / "unet.bundle", folder / "test"
    run(convert_model, UNET / "unet_em.keras", "--data", folder / "train", "-o", bundle, "--timesteps", 64)
    run(partition_model, bundle)
    for target in ("emulator", "nengo-dl", "fast"):
        run(deploy_model, bundle, "--data", test, "--target", target, "--images", 1, "--timesteps", 24, "--no-measure")
    run(deploy_model, bundle, "--data", test, "--name", "long", "--no-measure")
    run(energy_report, bundle, "-o", folder / "report.html")
    return folder


@pytest.fixture(scope="module")
def resnet(tiny, tmp_path_factory):
    """A folder with the classifier's bundle, runs on three targets and the report."""
    folder = tmp_path_factory.mktemp("resnet")
    shutil.copytree(tiny / "tiny.bundle", folder / "tiny.bundle")
    for target, measuring in (("emulator", "--no-measure"), ("nengo-dl", "--no-measure"), ("fast", "--measure")):
        run(deploy_model, folder / "tiny.bundle", "--data", tiny / "data.npz", "--target", target, measuring)
    run(energy_report, folder / "tiny.bundle", "-o", folder / "report.html")
    return folder


@pytest.fixture(params=["unet", "resnet"])
def network(request):
    """The folder of one of the two networks."""
    return request.getfixturevalue(request.param)


def bundle_of(folder):
    return next(folder.glob("*.bundle"))


def runs_of(folder):
    return {path.parent.name: read(path) for path in bundle_of(folder).glob("runs/*/run.json")}


def test_keys_of_conversion_json(network):
    report = read(bundle_of(network) / "conversion.json")
    assert {"dt_s", "timesteps", "synapse_s", "layers", "metrics", "agreement"} <= report.keys()
    assert report["agreement"]["max_abs_error"] <= report["agreement"]["tolerance"]
    assert {"ann", "rate"} <= report["metrics"].keys()
    for layer in report["layers"]:
        assert {
            "name",
            "kind",
            "shape",
            "neurons",
            "on_chip",
            "scale_hz",
            "percentile_rate_hz",
            "mean_rate_hz",
        } <= layer.keys()
        assert layer["neurons"] == np.prod(layer["shape"])
    assert [layer["on_chip"] for layer in report["layers"]] == [False] + [True] * (len(report["layers"]) - 1)


def test_keys_of_partition_json(network):
    partition = read(bundle_of(network) / "partition.json")
    assert {
        "board",
        "chips",
        "lower_bound_interchip",
        "optimality_gap",
        "max_link_load",
        "baselines",
        "seed",
        "provenance",
        "timings",
    } <= partition.keys()
    assert {"total", "interchip"} <= partition["messages_per_step"].keys()
    chip_layers = [x for x in read(bundle_of(network) / "conversion.json")["layers"] if x["on_chip"]]
    assert [x["name"] for x in partition["layers"]] == [x["name"] for x in chip_layers]
    assert sum(x["blocks"] for x in partition["layers"]) == len(partition["blocks"]) == partition["cores"]
    assert len({(b["chip"], b["core"]) for b in partition["blocks"]}) == partition["cores"]
    for layer in chip_layers:
        slices = [b["slice"] for b in partition["blocks"] if b["layer"] == layer["name"]]
        assert sum(np.prod([stop - start for start, stop in s]) for s in slices) == layer["neurons"]


def test_keys_of_run_json(network):
    for name, found in runs_of(network).items():
        assert {"target", "images", "timesteps", "provenance", "timings", "exact", *EVENTS} <= found.keys()
        assert found["exact"] is (found["target"] != "nengo-dl")
        assert [row["timesteps"] for row in found["metrics"]["by_timestep"]][-1] == found["timesteps"]
        last = found["metrics"]["by_timestep"][-1]
        assert found["metrics"]["ann"].keys() == found["metrics"]["snn"].keys()
        assert found["metrics"]["snn"] == {key: last[key] for key in found["metrics"]["snn"]}
        if found["target"] == "fast":
            assert {key: last[key] for key in EVENTS} == pytest.approx({key: found[key] for key in EVENTS})
            curve = found["early"]["curve"]
            assert curve[-1]["timesteps"] <= found["timesteps"]
            assert [row["synops"] for row in curve] == sorted(row["synops"] for row in curve)
        chip = [layer for layer in found["layers"] if layer["on_chip"]]
        assert {key: sum(layer[key] for layer in chip) for key in EVENTS} == {key: found[key] for key in EVENTS}, name
        assert found["spikes"] > 0


def test_keys_of_report_json(network):
    report = read(network / "report.json")
    assert {"devices", "ratios"} <= report.keys()
    assert report["runs"][0]["points"]
    for device in report["devices"]:
        assert {"name", "measured", "seconds_per_inference", "source", "assumptions"} <= device.keys()
        assert {"total", "static", "dynamic"} <= device["joules_per_inference"].keys()
        assert device["joules_per_inference"]["total"] > 0
    assert {entry["run"].split("/")[1] for entry in report["runs"]} == set(runs_of(network))


def test_the_fast_emulator_counts_what_nengo_loihi_does(network):
    runs = runs_of(network)
    for fast, reference in zip(runs["fast"]["layers"], runs["emulator"]["layers"], strict=True):
        assert {key: fast[key] for key in ("name", *EVENTS)} == {key: reference[key] for key in ("name", *EVENTS)}
    outputs = [np.load(bundle_of(network) / "runs" / name / "outputs.npz")["outputs"] for name in ("fast", "emulator")]
    np.testing.assert_array_equal(*outputs)


def test_float_spiking_is_near_the_chip(network):
    runs = runs_of(network)
    assert runs["nengo-dl"]["spikes"] == pytest.approx(runs["fast"]["spikes"], rel=0.2)
    assert runs["nengo-dl"]["neuron_updates"] == runs["fast"]["neuron_updates"]


def test_the_spiking_u_net_segments_as_keras_does(unet):
    metrics = runs_of(unet)["long"]["metrics"]
    assert metrics["ann"]["pixel_accuracy"] > 0.9
    assert metrics["snn"]["pixel_accuracy"] > metrics["ann"]["pixel_accuracy"] - 0.05
    assert metrics["snn"]["iou"] > metrics["by_timestep"][0]["iou"]


def test_the_keras_outputs_are_those_of_the_file_as_brought(tiny, resnet):
    from convert.upstream.tensorflow import load_keras3

    model = load_keras3().saving.load_model(tiny / "model.keras")
    data = np.load(tiny / "data.npz")
    outputs = np.load(resnet / "tiny.bundle" / "runs" / "fast" / "outputs.npz")
    np.testing.assert_allclose(outputs["ann"], model.predict(data["x"].astype(np.float32), verbose=0), atol=1e-5)
    np.testing.assert_array_equal(outputs["labels"], data["y"])
    np.testing.assert_allclose(outputs["outputs"].sum(axis=1), 1, atol=1e-5)


def test_nothing_is_left_beside_the_results(network):
    assert [path.name for path in network.rglob(".*")] == []


def test_the_report_opens_in_a_browser(network, tmp_path):
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    browser = next(filter(None, map(shutil.which, names)), None)
    if browser is None:
        pytest.skip("no Chromium on this machine")
    done = subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path}",
            "--dump-dom",
            (network / "report.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    for name in runs_of(network):
        assert f"{bundle_of(network).name}/{name}" in done.stdout


def test_the_report_needs_nothing_from_elsewhere(network):
    page = (network / "report.html").read_text()
    assert 'src="http' not in page
    assert 'href="http' not in page.split("<body", 1)[0]
    assert "<svg" in page or "data:image" in page


# Runs that were interrupted


@pytest.fixture
def written(monkeypatch):
    """(The images that runs keep from now on, by number; a function whose ``stop_at`` is where they are stopped)."""
    numbers = []
    write = deploy.runs.checkpoint.RunCheckpoint.write

    def spy(parts, i, result):
        if i == spy.stop_at:
            raise KeyboardInterrupt
        numbers.append(i)
        write(parts, i, result)

    spy.stop_at = None
    monkeypatch.setattr(deploy.runs.checkpoint.RunCheckpoint, "write", spy)
    return numbers, spy


def interrupted(bundle, test, written, name):
    """Starts a run of two images and interrupts it before it keeps the second."""
    written[1].stop_at = 1
    result = CliRunner().invoke(deploy_model, [str(bundle), "--data", str(test), "--name", name, "--no-measure"])
    assert result.exit_code != 0
    assert not (bundle / "runs" / name).exists()
    written[1].stop_at = None
    written[0].clear()


def without_times(found):
    return {key: value for key, value in found.items() if key not in ("timings", "provenance")}


def test_a_resumed_run_equals_one_without_a_break(unet, tmp_path, written):
    bundle = shutil.copytree(unet / "unet.bundle", tmp_path / "unet.bundle")
    interrupted(bundle, unet / "test", written, "resumed")
    run(deploy_model, bundle, "--data", unet / "test", "--name", "resumed", "--no-measure")
    assert written[0] == [1]
    found = runs_of(tmp_path)
    assert without_times(found["resumed"]) == without_times(found["long"])
    arrays = [np.load(bundle / "runs" / name / "outputs.npz") for name in ("resumed", "long")]
    for key in arrays[0].files:
        np.testing.assert_array_equal(arrays[0][key], arrays[1][key])
    assert not list(bundle.glob("runs/.*"))


def test_another_run_of_that_name_starts_over(unet, tmp_path, written):
    bundle = shutil.copytree(unet / "unet.bundle", tmp_path / "unet.bundle")
    interrupted(bundle, unet / "test", written, "resumed")
    arguments = [bundle, "--data", unet / "test", "--name", "resumed", "--timesteps", 24, "--no-measure"]
    result = CliRunner().invoke(deploy_model, [str(argument) for argument in arguments])
    assert result.exit_code == 0
    assert "an unfinished run of that name on other data or with other options" in result.stderr
    assert written[0] == [0, 1]
    assert runs_of(tmp_path)["resumed"]["timesteps"] == 24


def test_the_same_commands_give_the_same_bundle(tiny, tmp_path):
    run(
        convert_model,
        tiny / "model.keras",
        "--data",
        tiny / "data.npz",
        "-o",
        tmp_path / "again.bundle",
        "--timesteps",
        32,
    )
    run(partition_model, tmp_path / "again.bundle")
    first, second = (
        {path.name: path for path in bundle.iterdir() if path.is_file()}
        for bundle in (tiny / "tiny.bundle", tmp_path / "again.bundle")
    )
    assert first.keys() == second.keys()
    for name, path in first.items():
        if path.suffix == ".json":
            one, other = read(path), read(second[name])
            assert one.pop("timings").keys() == other.pop("timings").keys()
            assert json.dumps(one) == json.dumps(other)
        else:
            assert path.read_bytes() == second[name].read_bytes(), name
