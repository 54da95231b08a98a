"""An image shown for a few steps, through the four commands: its wave is trained, run on two targets and reported."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from convert.bundle import load_network
from convert.cli import main as convert_model
from convert.upstream.tensorflow import load_keras3
from deploy.cli import main as deploy_model
from deploy.report.cli import main as energy_report
from partition.cli import main as partition_model

pytestmark = pytest.mark.slow

STEPS = 8


def run(command, *arguments, code=0):
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output + repr(result.exception)
    return result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small residual network that tells apart where an image is bright, its bundle, runs and report."""
    folder = tmp_path_factory.mktemp("few")
    keras, rng = load_keras3(), np.random.default_rng(0)
    layers = keras.layers
    y = rng.integers(0, 2, 256)
    x = rng.uniform(0, 0.5, (256, 8, 8, 1)).astype(np.float32)
    x[y == 0, :4] += 0.5
    x[y == 1, 4:] += 0.5
    image = keras.Input((8, 8, 1))
    h = layers.Conv2D(4, 3, padding="same", activation="relu", name="stem")(image)
    g = layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(h)
    h = layers.ReLU(name="second")(layers.Add()([layers.Conv2D(4, 3, padding="same")(g), h]))
    h = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu", name="third")(h)
    model = keras.Model(image, layers.Dense(2, activation="softmax")(layers.Flatten()(h)))
    keras.utils.set_random_seed(0)
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=6, verbose=0)
    model.save(folder / "model.keras")
    np.savez(folder / "data.npz", x=x[:96], y=y[:96])
    wave = ("--recipe", "stbp", "--steps", STEPS, "--spiking-fine-tune", 40)
    run(convert_model, folder / "model.keras", "--data", folder / "data.npz", "-o", folder / "b", *wave)
    run(partition_model, folder / "b", "--seconds", 1)
    run(deploy_model, folder / "b", "--data", folder / "data.npz", "--threads", 1, "--no-measure")
    few = ("--data", folder / "data.npz", "--images", 2, "--no-measure")
    run(deploy_model, folder / "b", *few, "--target", "emulator")
    run(deploy_model, folder / "b", *few, "--target", "nengo-dl")
    run(deploy_model, folder / "b", *few, "--name", "same")
    run(energy_report, folder / "b", "-o", folder / "report.html")
    same = ("--recipe", "stbp", "--steps", STEPS, "--start-from", folder / "b", "--follow")
    run(convert_model, folder / "model.keras", "--data", folder / "data.npz", "-o", folder / "f", *same)
    run(partition_model, folder / "f", "--seconds", 1)
    some = ("--data", folder / "data.npz", "--images", 40, "--no-measure")
    run(deploy_model, folder / "f", *some, "--name", "apart")
    run(deploy_model, folder / "f", *some, "--name", "behind", "--continuous")
    run(energy_report, folder / "f", "-o", folder / "following.html")
    return folder


def read(path):
    return json.loads(path.read_text())


def test_the_wave_answers_as_the_model_does(folder):
    found = read(folder / "b" / "runs" / "fast" / "run.json")
    assert found["timesteps"] == STEPS + 3
    assert found["windows"][-1] == [3, STEPS + 3]
    assert found["metrics"]["ann"]["accuracy"] > 0.95
    assert found["metrics"]["snn"]["accuracy"] > 0.9


def test_bundle_and_report_say_how_it_was_trained(folder):
    report = read(folder / "b" / "conversion.json")
    assert (report["steps"], report["recipe"], report["spiking_batches"]) == (STEPS, "stbp", 40)
    assert report["timesteps"] == STEPS + 3
    assert [layer["arrival_step"] for layer in report["layers"]] == [0, 1, 2, 3]
    hosts = {p.name: (p.onset_step, p.end_step) for p in load_network(folder / "b").populations if not p.on_chip}
    assert hosts[report["layers"][0]["name"]] == (0, STEPS)
    assert hosts["bias@2"] == (1, STEPS + 1)
    assert hosts["pulse@2"] == (1, 2)


def test_targets_fire_the_same_spikes(folder):
    same, reference = (read(folder / "b" / "runs" / name / "run.json") for name in ("same", "emulator"))
    for mine, theirs in zip(same["layers"], reference["layers"], strict=True):
        assert [mine[e] for e in ("spikes", "synops", "messages")] == [
            theirs[e] for e in ("spikes", "synops", "messages")
        ]
    float_weights = read(folder / "b" / "runs" / "nengo-dl" / "run.json")
    spikes = {layer["name"]: layer["spikes"] for layer in float_weights["layers"]}
    assert spikes["bias@2"] == STEPS
    assert spikes["pulse@2"] == 1


def test_longer_than_the_wave_is_refused(folder):
    said = run(deploy_model, folder / "b", "--data", folder / "data.npz", "--timesteps", 64, "--name", "long", code=2)
    assert f"--timesteps {STEPS + 3}" in " ".join(said.split())


def test_image_behind_image_gives_what_separate_runs_give(folder):
    runs = folder / "f" / "runs"
    with np.load(runs / "apart" / "outputs.npz") as apart, np.load(runs / "behind" / "outputs.npz") as behind:
        np.testing.assert_array_equal(apart["outputs"], behind["outputs"])
    one_by_one, following = (read(runs / name / "run.json") for name in ("apart", "behind"))
    assert one_by_one["spikes"] == following["spikes"]
    assert (one_by_one["period"], following["period"]) == (None, read(folder / "f" / "conversion.json")["period"])
    assert following["neuron_updates"] * (STEPS + 3) == one_by_one["neuron_updates"] * following["period"]


def test_weights_are_taken_as_they_are_without_training(folder):
    before, after = (load_network(folder / name) for name in ("b", "f"))
    assert after.period == STEPS + 1 + 4  # one shortcut, over one layer
    known = {(p.source, p.target): p.transform for p in after.projections}
    for p in before.projections:
        np.testing.assert_array_equal(p.transform.weights, known[p.source, p.target].weights)
