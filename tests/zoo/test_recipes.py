"""Every recipe of the zoo: its architecture converts, and what it needs is said."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest

import partition
from convert import check_model
from convert.errors import UserError
from convert.options import Options
from examples.zoo import all as zoo
from examples.zoo import mlperf
from examples.zoo.recipe import Given
from examples.zoo.recipes import autoencoder, ds_cnn, mobilenet, unet_pets
from tests.builders.paths import ROOT

RECIPES = zoo.RECIPES
WITH_ARCHITECTURE = {name: recipe for name, recipe in RECIPES.items() if recipe.architecture is not None}
MOST_BYTES = 300_000


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_ARCHITECTURE)
def test_the_architecture_would_convert(name, tmp_path):
    recipe = WITH_ARCHITECTURE[name]
    path = recipe.architecture(tmp_path / name)
    pooling = "average" if "--max-pooling average" in recipe.options.get("convert-model", "") else None
    report = check_model(path, Options(max_pooling=pooling), fit=partition.foreseen_cores)
    assert report.problems == ()
    assert report.converts


def test_every_recipe_is_a_file_of_its_name():
    assert set(RECIPES) == {path.stem for path in (ROOT / "examples" / "zoo" / "recipes").glob("*.py")}


@pytest.mark.parametrize("name", RECIPES)
def test_options_are_words_of_the_commands_that_are_given(name):
    recipe = RECIPES[name]
    allowed = {recipe.begins_with, "partition-model", "deploy-model", "energy-report"}
    assert set(recipe.options) <= allowed
    assert all(shlex.split(options) for options in recipe.options.values())


@pytest.mark.parametrize("name", RECIPES)
def test_what_is_missing_is_said_all_at_once(name, tmp_path):
    recipe = RECIPES[name]
    needed = (not recipe.makes_model) + (recipe.takes_data is not None)
    said = recipe.problems(Given(tmp_path))
    assert len(said) == needed
    assert all("is missing; give " in sentence for sentence in said)
    not_there = Given(tmp_path, model=tmp_path / "no model", data=tmp_path / "no data")
    assert len(recipe.problems(not_there)) == 2
    with pytest.raises(UserError):
        recipe.require(not_there)


def test_what_is_not_taken_is_refused(tmp_path):
    (said,) = RECIPES["unet_small"].problems(Given(tmp_path, data=tmp_path))
    assert said == f"unet_small takes no --data, it makes its own; leave --data {tmp_path} out"


def test_weights_in_the_repository_are_small():
    files = [path for path in (ROOT / "examples" / "zoo" / "weights").iterdir() if path.is_file()]
    assert all(path.stat().st_size <= MOST_BYTES for path in files)


def inputs(folder: Path, dtype: type, size: int, kinds: list[int]) -> Path:
    """A folder as EEMBC's runner has them: file k holds numbers k."""
    folder.mkdir()
    for k in range(len(kinds)):
        np.full(size, k, dtype).tofile(folder / f"{k}.bin")
    lines = [f"{k}.bin, 2, {kind}\n" for k, kind in enumerate(kinds)]
    (folder / mlperf.LABELS).write_text("".join(lines))
    return folder


@pytest.mark.parametrize(
    ("recipe", "dtype", "size", "shape", "value"),
    [
        (mobilenet, np.uint8, 96 * 96 * 3, (96, 96, 3), 1 / 255),
        (ds_cnn, np.int8, 490, (49, 10, 1), (1 - 83) * ds_cnn.SCALE),
    ],
    ids=["mobilenet", "ds_cnn"],
)
def test_inputs_of_mlperf_are_as_the_float_model_takes_them(recipe, dtype, size, shape, value, tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "CALIBRATION", 2)
    folder = inputs(tmp_path / "inputs", dtype, size, [0, 1, 1, 0, 1])
    files = recipe.prepare(Given(tmp_path, model=tmp_path, data=folder))
    with np.load(files.train) as train, np.load(files.test) as test:
        assert (train["x"].shape, test["x"].shape) == ((2, *shape), (3, *shape))
        everything = np.concatenate([train["x"], test["x"]])[:, 0, 0, 0]
        labels = np.concatenate([train["y"], test["y"]])
    step = float(np.diff(np.sort(everything))[0])
    numbers = np.round((everything - everything.min()) / step).astype(int)
    assert sorted(numbers) == [0, 1, 2, 3, 4], "each file once, in one part"
    assert [labels[list(numbers).index(k)] for k in range(5)] == [0, 1, 1, 0, 1]
    assert np.sort(everything)[1] == pytest.approx(value, rel=1e-6)


def test_recordings_are_windows_that_stay_together(tmp_path, monkeypatch):
    monkeypatch.setattr(autoencoder, "CALIBRATION", 1)
    folder = inputs(tmp_path / "inputs", np.float32, 200 * autoencoder.BANDS, [0, 1, 0])
    files = autoencoder.prepare(Given(tmp_path, model=tmp_path, data=folder))
    with np.load(files.train) as train, np.load(files.test) as test:
        assert train["x"].shape == (autoencoder.CALIBRATED, 640)
        assert (train["x"] == 0).all(), "the first normal recording calibrates"
        assert (test["x"][:, 0].reshape(2, -1) == [[1], [2]]).all()
        assert (test["y"].reshape(2, -1) == [[1], [0]]).all()


def test_windows_begin_at_the_first_and_end_at_the_last_frame():
    frames = np.arange(200, dtype=np.float32).repeat(autoencoder.BANDS)[None]
    (found,) = autoencoder.windows(frames, 7)
    assert found[0, 0] == 0
    assert found[-1, -1] == 199
    assert (found[:, autoencoder.BANDS] - found[:, 0] == 1).all()


def test_missing_inputs_are_a_sentence(tmp_path):
    folder = inputs(tmp_path / "kws01", np.int8, 490, [0, 1])
    (folder / "1.bin").unlink()
    with pytest.raises(UserError, match=r"lacks 1 of 2 files, as 1\.bin; give the folder kws01 of datasets"):
        mlperf.read_inputs(folder, np.int8)
    (folder / mlperf.LABELS).unlink()
    with pytest.raises(UserError, match=r"has no y_labels\.csv"):
        mlperf.read_inputs(folder, np.int8)


def test_crops_keep_labels_on_their_pixels():
    image = np.random.default_rng(0).integers(0, 3, (80, 80)).astype(np.uint8)
    x, y = unet_pets.crops([(image[..., None].repeat(3, axis=-1), image)], 5, np.random.default_rng(1))
    assert x.shape == (5, unet_pets.SIDE, unet_pets.SIDE, 3)
    assert (x[..., 1] == y).all()
