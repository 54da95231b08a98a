"""The original U-Net's form through the commands: an output smaller than the input, which tiles whole images."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from convert.cli import main as convert_model
from convert.data.dataset import open_data
from convert.data.evaluate import targets
from convert.report import OutputGrid
from convert.upstream.tensorflow import load_keras3
from deploy.cli import main as deploy_model
from deploy.report.cli import main as energy_report
from partition.cli import main as partition_model
from tests.builders.refusing import refused
from tests.builders.valid_unet import sliced, valid_unet

GRID = OutputGrid(input_size=(20, 20), size=(4, 4), offset=(8, 8))
SIZES = {"input": (20, 20), "whole": (14, 11)}
"""Images of the input's size, of which the middle counts, and whole ones, here smaller than the input."""


def run(command, *arguments):
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The model, images of both sizes, the bundle and its partition."""
    path, rng = tmp_path_factory.mktemp("valid"), np.random.default_rng(0)
    keras = load_keras3()
    keras.utils.set_random_seed(0)
    valid_unet(keras, 20, [3, 4], crop=sliced).save(path / "model.keras")
    for name, size in SIZES.items():
        x = rng.integers(0, 256, (4, *size, 1), np.uint8)
        np.savez(path / f"{name}.npz", x=x, y=x[..., 0] > 127)
    options = ["--timesteps", 24, "--calibration-images", 8]
    data = ["--data", path / "whole.npz", "-o", path / "b"]
    (path / "converted.txt").write_text(run(convert_model, path / "model.keras", *data, *options))
    run(partition_model, path / "b", "--seconds", 1)
    return path


@pytest.mark.slow
def test_conversion_says_where_the_output_is(folder):
    assert "\noutput 4 x 4 of 20 x 20, offset 8\n" in (folder / "converted.txt").read_text()
    report = json.loads((folder / "b" / "conversion.json").read_text())
    assert report["output_grid"] == {"input_size": [20, 20], "size": [4, 4], "stride": [1, 1], "offset": [8, 8]}
    assert report["metrics"]["rate"] == report["metrics"]["ann"]
    assert report["rates_measured_on"]["of"] == "crops"


@pytest.mark.slow
@pytest.mark.parametrize(("name", "crops", "size"), [("input", 1, (4, 4)), ("whole", 12, (14, 11))])
def test_labels_and_outputs_have_the_same_pixels(name, crops, size, folder):
    data = folder / f"{name}.npz"
    shown = run(deploy_model, folder / "b", "--data", data, "--name", name, "--no-measure")
    assert "\noutput 4 x 4 of 20 x 20, offset 8\n" in shown
    report = json.loads((folder / "b" / "runs" / name / "run.json").read_text())
    assert report["crops_per_image"] == crops
    assert report["output_grid"]["offset"] == [8, 8]
    with np.load(folder / "b" / "runs" / name / "outputs.npz") as saved:
        assert saved["outputs"].shape == (4, *size, 2)
        assert saved["images"].shape == (4, *size, 1)
        np.testing.assert_array_equal(saved["labels"], saved["images"][..., 0] > 127)
        labels = list(targets(open_data(data, input_shape=(20, 20, 1), target_shape=(4, 4, 2), grid=GRID)))
        right = (saved["outputs"].argmax(axis=-1) == np.array(labels)).mean()
    assert report["metrics"]["snn"]["pixel_accuracy"] == pytest.approx(right)
    run(energy_report, folder / "b", "-o", folder / f"{name}.html")


@pytest.mark.slow
def test_nengo_loihi_fires_the_same_spikes(folder):
    counted = {}
    for target in ("fast", "emulator"):
        name = f"exact-{target}"
        options = ["--target", target, "--name", name, "--images", 1, "--no-measure"]
        run(deploy_model, folder / "b", "--data", folder / "input.npz", *options)
        report = json.loads((folder / "b" / "runs" / name / "run.json").read_text())
        counted[target] = {key: report[key] for key in ("spikes", "synops", "messages")} | report["metrics"]["snn"]
    assert counted["fast"]["spikes"] > 0
    assert counted["fast"] == counted["emulator"]


@pytest.mark.slow
def test_an_output_between_pixels_takes_labels_of_its_own_size(tmp_path):
    keras, rng = load_keras3(), np.random.default_rng(0)
    image = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(3, 3, padding="same", activation="relu")(image)
    x = keras.layers.Conv2D(3, 3, padding="same", activation="relu")(keras.layers.AveragePooling2D(2)(x))
    keras.Model(image, keras.layers.Conv2D(2, 1, activation="softmax")(x)).save(tmp_path / "model.keras")
    x = rng.integers(0, 256, (4, 8, 8, 1), np.uint8)
    np.savez(tmp_path / "whole.npz", x=x, y=x[..., 0] > 127)
    np.savez(tmp_path / "small.npz", x=x, y=x[:, ::2, ::2, 0] > 127)
    sentence = r"the model makes 4 x 4 of 8 x 8, .* give labels of 4 x 4 pixels, those of the output$"
    arguments = [tmp_path / "model.keras", "-o", tmp_path / "b", "--data"]
    refused(convert_model, [*arguments, tmp_path / "whole.npz"], sentence, folder=tmp_path)
    run(convert_model, *arguments, tmp_path / "small.npz", "--timesteps", 16)
    run(partition_model, tmp_path / "b", "--seconds", 1)
    run(deploy_model, tmp_path / "b", "--data", tmp_path / "small.npz", "--no-measure")
    report = json.loads((tmp_path / "b" / "runs" / "fast" / "run.json").read_text())
    assert report["output_grid"] is None
    with np.load(tmp_path / "b" / "runs" / "fast" / "outputs.npz") as saved:
        assert saved["outputs"].shape == (4, 4, 4, 2)
        np.testing.assert_array_equal(saved["images"], x[:, ::2, ::2])
    run(energy_report, tmp_path / "b", "-o", tmp_path / "report.html")
