"""Vectors, sequences and numbers through the four commands: what is measured, and the same spikes as NengoLoihi's."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

import convert
import deploy
from convert.bundle import load_network, load_report
from convert.cli import main as convert_model
from convert.data.evaluate import predict, score, targets
from convert.errors import UserError
from convert.upstream.tensorflow import load_keras3
from deploy.api import _data_for
from deploy.cli import main as deploy_model
from deploy.device_report import devices_in
from deploy.energy.cpu import Pace
from deploy.energy.engines.registry import ENGINES
from deploy.energy.measure import measure_original
from deploy.report.cli import main as energy_report
from deploy.runs.original import original_of
from partition.cli import main as partition_model
from tests.builders.vector_models import save

pytestmark = pytest.mark.slow

EVENTS = ("spikes", "synops", "neuron_updates", "messages", "interchip_messages", "conv_synops")
MEASURED = {"perceptron": ["accuracy"], "sequence_classifier": ["accuracy"], "autoencoder": ["auc", "mse"]}


def run(command, *arguments):
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.stdout


@pytest.fixture(scope="module", params=MEASURED)
def deployed(request, tmp_path_factory):
    """(Name of a model, folder with its bundle ``b``, runs on two targets and the report, what the commands said)."""
    folder = tmp_path_factory.mktemp(request.param)
    path, bundle = save(request.param, folder), folder / "b"
    data = path.with_suffix(".npz")
    said = run(convert_model, path.with_suffix(".keras"), "--data", data, "-o", bundle, "--timesteps", 48)
    said += run(partition_model, bundle, "--seconds", 1)
    said += run(deploy_model, bundle, "--data", data, "--threads", 1, "--no-measure")
    said += run(deploy_model, bundle, "--data", data, "--target", "emulator", "--images", 3, "--no-measure")
    said += run(deploy_model, bundle, "--data", data, "--images", 3, "--no-measure", "--name", "same")
    said += run(energy_report, bundle, "-o", folder / "report.html")
    return request.param, folder, said


def read(path):
    return json.loads(path.read_text())


def test_what_is_measured(deployed):
    name, folder, said = deployed
    converted = read(folder / "b" / "conversion.json")
    found = read(folder / "b" / "runs" / "fast" / "run.json")
    assert list(converted["metrics"]["ann"]) == list(found["metrics"]["snn"]) == MEASURED[name]
    assert found["metrics"]["ann"] == pytest.approx(converted["metrics"]["ann"], rel=1e-3)
    assert converted["task"] == found["task"]
    main = MEASURED[name][0]
    assert found["metrics"]["snn"][main] > found["metrics"]["ann"][main] - 0.1
    assert found["metrics"]["ann"][main] > 0.9
    assert found["early"]["metric"] == main
    assert ("lower is better" in said.replace("\N{NO-BREAK SPACE}", " ")) is ("mse" in MEASURED[name])


def test_every_engine_runs_the_model(deployed):
    name, folder, _ = deployed
    data, main = next(folder.glob("*.npz")), MEASURED[name][0]
    network, converted = load_network(folder / "b"), load_report(folder / "b")
    dataset = _data_for(network, converted, data, deploy.RunOptions(), None)
    pace = Pace(batches=(1,), repeats=1, seconds=0.01, processes_of_one_thread=1, processes=1)
    found = measure_original(original_of(folder / "b"), dataset, network.input.shape, pace=pace)
    engines = [engine for engine in ENGINES.values() if not engine.missing]
    devices = devices_in(found)
    assert {device.execution.engine for device in devices} == {engine.name for engine in engines}
    exact = predict(original_of(folder / "b").predictor, dataset, range(len(dataset)), network.input.shape)
    wanted = score(dataset.task, exact, targets(dataset))
    for device in devices:
        if device.execution.precision == "int8":
            assert device.execution.metrics[main] == pytest.approx(wanted[main], abs=0.05)
            assert "that the conversion calibrated on" in device.execution.calibrated_on


def test_an_error_falls_with_the_steps_and_stays_near_that_of_the_model(deployed):
    name, folder, _ = deployed
    if "mse" not in MEASURED[name]:
        return
    metrics = read(folder / "b" / "runs" / "fast" / "run.json")["metrics"]
    assert metrics["snn"]["mse"] < 0.3 * metrics["by_timestep"][0]["mse"]
    assert metrics["snn"]["mse"] < 2 * metrics["ann"]["mse"]


def test_spikes_are_those_of_nengo_loihi(deployed):
    _, folder, _ = deployed
    runs = [read(folder / "b" / "runs" / name / "run.json") for name in ("same", "emulator")]
    fast, emulator = ({layer["name"]: layer for layer in found["layers"]} for found in runs)
    assert {n: [layer[e] for e in EVENTS] for n, layer in fast.items()} == {
        n: [layer[e] for e in EVENTS] for n, layer in emulator.items()
    }
    outputs = [np.load(folder / "b" / "runs" / name / "outputs.npz")["outputs"] for name in ("same", "emulator")]
    np.testing.assert_array_equal(*outputs)


def test_the_report_shows_them(deployed):
    name, folder, _ = deployed
    page, report = (folder / "report.html").read_text(), read(folder / "report.json")
    assert {entry["knee"]["metric"] for entry in report["runs"]} == {MEASURED[name][0]}
    assert {"accuracy": "accuracy, at the knee", "auc": "AUC, at the knee"}[MEASURED[name][0]] in " ".join(page.split())
    assert page.count("<svg") >= 4
    if name == "autoencoder":
        assert "Image 0, normal: mean squared error ANN" in page


def test_a_vector_is_one_pixel_on_the_chip(deployed):
    name, folder, _ = deployed
    rows, columns, _ = load_network(folder / "b").input.shape
    assert (rows, columns > 1) == (1, name == "sequence_classifier")


@pytest.mark.parametrize(("name", "metric"), [("angle", None), ("image_autoencoder", None), ("autoencoder", "mse")])
def test_numbers_that_are_given_are_measured_by_their_error(name, metric, tmp_path):
    path = save(name, tmp_path)
    if metric is not None:  # without labels
        np.savez(path.with_suffix(".npz"), x=np.load(path.with_suffix(".npz"))["x"])
    options = convert.Options(timesteps=24, metric=metric)
    report = convert.convert(path.with_suffix(".keras"), path.with_suffix(".npz"), tmp_path / "b", options)
    assert report.task == "regression"
    assert list(report.metrics["ann"]) == ["mse", *(["psnr"] if name == "image_autoencoder" else [])]
    assert report.metrics["rate"] == pytest.approx(report.metrics["ann"], rel=1e-3)
    assert ("against the inputs themselves" in report.metrics_measured_on) is (metric is not None)


@pytest.mark.parametrize("options", [{"fine_tune_epochs": 2}, {"spiking_batches": 3}], ids=["rates", "spikes"])
def test_fine_tuning_knows_numbers(options, tmp_path):
    path = save("angle", tmp_path)
    data = path.with_suffix(".npz")
    given = convert.Options(timesteps=24, **options)
    metrics = convert.convert(path.with_suffix(".keras"), data, tmp_path / "b", given).metrics
    assert metrics.get("fine_tuned", metrics["ann"])["mse"] < 2 * metrics["ann"]["mse"]


def test_a_metric_that_the_labels_cannot_give(tmp_path):
    path = save("angle", tmp_path)
    options = convert.Options(metric="accuracy")
    with pytest.raises(UserError, match="labels of type float32 that are not whole numbers"):
        convert.convert(path.with_suffix(".keras"), path.with_suffix(".npz"), tmp_path / "b", options)
    assert not (tmp_path / "b").exists()


def test_vectors_as_the_channels_of_one_pixel(tmp_path):
    """``Input((1, 1, n))`` with Flatten takes arrays (images, n), too."""
    keras = load_keras3()
    layers = keras.layers
    pixel = keras.Input((1, 1, 40))
    x = layers.Dense(16, activation="relu")(layers.Dense(16, activation="relu")(layers.Flatten()(pixel)))
    keras.Model(pixel, layers.Dense(5, activation="softmax")(x)).save(tmp_path / "model.keras")
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "data.npz", x=rng.integers(0, 256, (24, 40), np.uint8), y=rng.integers(0, 5, 24))
    options = convert.Options(timesteps=24)
    report = convert.convert(tmp_path / "model.keras", tmp_path / "data.npz", tmp_path / "b", options)
    assert report.task == "classification"
    assert report.metrics["rate"] == report.metrics["ann"]


def test_normal_inputs_to_convert_and_marked_ones_to_deploy(tmp_path):
    """As in MLPerf Tiny: the model learns and is calibrated on normal inputs; the test data marks anomalies, or not."""
    path = save("autoencoder", tmp_path)
    with np.load(path.with_suffix(".npz")) as arrays:
        x, y = arrays["x"], arrays["y"]
    np.savez(tmp_path / "train.npz", x=x[y == 0])
    np.savez(tmp_path / "unmarked.npz", x=x)
    bundle = tmp_path / "b"
    said = run(
        convert_model, path.with_suffix(".keras"), "--data", tmp_path / "train.npz", "-o", bundle, "--timesteps", 32
    )
    assert "against the inputs themselves" in " ".join(said.split())
    run(partition_model, bundle, "--seconds", 1)
    marked = deploy.run(bundle, path.with_suffix(".npz"), deploy.RunOptions(measure=False))
    assert (marked.task, marked.labelled, marked.early.metric) == ("anomaly", True, "auc")
    assert marked.metrics.snn["auc"] > 0.95
    unmarked = deploy.run(bundle, tmp_path / "unmarked.npz", deploy.RunOptions(measure=False, name="unmarked"))
    assert (unmarked.task, unmarked.labelled, unmarked.early.metric) == ("regression", False, "mse")
    assert "auc" not in unmarked.metrics.snn
    assert unmarked.metrics.snn["mse"] > marked.metrics.snn["mse"]  # which is that of normal inputs
