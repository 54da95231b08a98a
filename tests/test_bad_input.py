"""What a user can get wrong: exit code 2, one clear sentence for each problem, and nothing left behind."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from convert.cli import main as convert_model
from convert.compat import load_keras3, load_tf_keras
from deploy.cli import main as deploy_model
from deploy.report.cli import main as energy_report
from partition.cli import main as partition_model


def refused(command, arguments, *sentences, folder):
    """Asserts that ``command`` exits with 2, says just ``sentences`` (regular expressions) and changes nothing."""
    before = contents(folder)
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    said = result.stderr.splitlines()
    assert result.exit_code == 2, result.stderr + repr(result.exception)
    assert len(said) == len(sentences), result.stderr
    for line, sentence in zip(said, sentences, strict=True):
        assert re.search(f"^error: .*{sentence}", line), line
    assert contents(folder) == before


def contents(folder):
    """Every file and folder in ``folder`` with its bytes."""
    return {path: path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


# Files that are no model


def empty(path):
    path.write_bytes(b"")


def text(path):
    path.write_text("Dear reader,\nthis is not a network.\n")


def truncated(path):
    whole = path.with_name(f"whole{path.suffix}")
    keras = load_keras3() if path.suffix == ".keras" else load_tf_keras()
    image = keras.Input((8, 8, 3))
    keras.Model(image, keras.layers.Conv2D(4, 3)(image)).save(whole)
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    whole.unlink()


def other_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


def other_hdf5(path):
    import h5py

    with h5py.File(path, "w") as file:
        file["numbers"] = np.arange(3)


def weights_only(path):
    keras = load_tf_keras()
    keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)]).save_weights(path)


def spoilt_config(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.10.0"}))
        archive.writestr("config.json", "{")


def folder_of_text(path):
    path.mkdir()
    text(path / "a.txt")


NO_MODEL = [
    ("model.keras", None, r"model\.keras does not exist; give the path of a \.keras, \.h5 or SavedModel$"),
    ("model.keras", empty, r"model\.keras is empty; save it again"),
    ("model.h5", empty, r"model\.h5 is empty"),
    ("model.keras", text, r"model\.keras is no Keras model: neither a zip"),
    ("model.h5", text, r"model\.h5 is no Keras model"),
    ("model.keras", truncated, r"model\.keras is a damaged or truncated \.keras file; save it again"),
    ("model.h5", truncated, r"model\.h5 is a damaged or truncated \.h5 file; save it again"),
    ("model.keras", other_zip, r"model\.keras is a zip file but no Keras model"),
    ("model.h5", other_hdf5, r"model\.h5 is an HDF5 file without a Keras model in it"),
    ("model.h5", weights_only, r"model\.h5 .*Keras model"),
    ("model.keras", spoilt_config, r"model\.keras is not a Keras model that can be read \(.*\); save it again"),
    ("model", folder_of_text, r"model is a folder but not a SavedModel"),
]


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
@pytest.mark.parametrize(
    ("name", "make", "sentence"),
    NO_MODEL,
    ids=[f"{name}-{make.__name__ if make else 'missing'}" for name, make, _ in NO_MODEL],
)
def test_no_model(name, make, sentence, tiny, tmp_path):
    if make is not None:
        make(tmp_path / name)
    arguments = [tmp_path / name, "--data", tiny / "data.npz", "-o", tmp_path / "a" / "b.bundle"]
    refused(convert_model, arguments, sentence, folder=tmp_path)


# Models that cannot convert


def save_graph(path, build, keras=None):
    """Saves the model image -> conv -> ReLU -> conv -> ReLU -> ``build(layers, x)``."""
    keras = keras or load_keras3()
    layers = keras.layers
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    keras.Model(image, build(layers, x)).save(path)
    return path


def everything_wrong(layers, x):
    x = layers.MaxPooling2D(2, name="pool")(x)
    x = layers.LeakyReLU(name="leaky")(layers.ELU(name="elu")(x))
    x = layers.Conv2D(4, 3, padding="same", activation="tanh", name="tanh")(x)
    x = layers.Multiply(name="gate")([x, layers.Activation("sigmoid", name="sigmoid")(x)])
    x = layers.LayerNormalization(name="norm")(x)
    x = layers.UpSampling2D(2, interpolation="bicubic", name="up")(x)
    x = layers.ReLU(threshold=1, name="jump")(x)
    x = layers.Conv2D(4, 3, data_format="channels_first", padding="same", name="first")(x)
    x = layers.Softmax(name="middle")(x)
    x = layers.GlobalMaxPooling2D(name="max")(x)
    return layers.Dense(3, name="head", activation="softmax")(x)


EVERYTHING = (
    r"'pool' \(MaxPooling2D\): a maximum of spike rates .* add --max-pooling average",
    r"'elu' \(ELU\): .* use LeakyReLU or ReLU$",
    r"'tanh' \(Conv2D\): activation 'tanh' has no spiking form; use 'relu'",
    r"'gate' \(Multiply\): spikes are added, not multiplied; use Add or Concatenate$",
    r"'norm' \(LayerNormalization\): .* use BatchNormalization$",
    r"'up' \(UpSampling2D\): bicubic interpolation .* use 'nearest'",
    r"'jump' \(ReLU\): a ReLU jumps at a threshold; only threshold=0 converts, train with it$",
    r"'first' \(Conv2D\): only data_format='channels_last' converts",
    r"'max' \(GlobalMaxPooling2D\): .* use GlobalAveragePooling2D$",
    r"'sigmoid' \(Activation\): softmax and sigmoid run on the host, at an output only; end the model there",
    r"'middle' \(Softmax\): softmax and sigmoid run on the host",
)


def test_every_layer_that_cannot_convert_is_listed_with_the_way_out(tiny, tmp_path):
    save_graph(tmp_path / "model.keras", everything_wrong)
    arguments = [tmp_path / "model.keras", "--data", tiny / "data.npz", "-o", tmp_path / "b.bundle"]
    refused(convert_model, arguments, *EVERYTHING, folder=tmp_path)
    refused(convert_model, [*arguments, "--max-pooling", "average"], *EVERYTHING[1:], folder=tmp_path)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
def test_a_lambda_does_not_hide_the_others(suffix, tiny, tmp_path):
    def build(layers, x):
        x = layers.Lambda(lambda t: t * 2, name="double")(layers.MaxPooling2D(2, name="pool")(x))
        return layers.Dense(3)(layers.Flatten()(layers.ELU(name="elu")(x)))

    keras = load_keras3() if suffix == ".keras" else load_tf_keras()
    path = save_graph(tmp_path / f"model{suffix}", build, keras)
    arguments = [path, "--data", tiny / "data.npz", "-o", tmp_path / "b.bundle"]
    sentences = (
        r"'pool' \(MaxPooling2D\)",
        r"'double' \(Lambda\): .* write it with Keras layers$",
        r"'elu' \(ELU\)",
    )
    refused(convert_model, arguments, *sentences, folder=tmp_path)


ONE_PROBLEM = {
    "softmax used inside and as output": (
        lambda layers, x: [(y := layers.Softmax(name="s")(x)), layers.Conv2D(1, 1)(y)],
        [r"'s' \(Softmax\): softmax and sigmoid run on the host"],
    ),
    "image added to spikes": (
        lambda layers, x: layers.ReLU(name="sum")(layers.Add()([x, layers.Conv2D(4, 1)(_image(x))])),
        [r"layer 'sum' adds the image to the output of .* pass the image through a Conv2D \+ ReLU first$"],
    ),
    "output of another size": (
        lambda layers, x: layers.Conv2D(3, 3)(x),
        [r"the model makes 6 x 6 pixels of 8 x 8; .* a Dense output$"],
    ),
    "swish": (
        lambda layers, x: layers.Dense(3)(layers.Flatten()(layers.Conv2D(4, 1, activation="swish", name="r")(x))),
        [r"'r' \(Conv2D\): activation 'silu' has no spiking form; use 'relu', 'relu6' or 'leaky_relu'"],
    ),
    "prelu as an argument": (
        lambda layers, x: layers.Conv2D(1, 1)(layers.Conv2D(4, 1, activation=layers.PReLU(), name="r")(x)),
        [r"'r' \(Conv2D\): give PReLU as a layer of its own"],
    ),
    "softmax over rows": (
        lambda layers, x: layers.Softmax(axis=1, name="s")(layers.Conv2D(2, 1)(x)),
        [r"'s' \(Softmax\): the host's softmax is over the last axis; use axis=-1$"],
    ),
    "operation": (
        lambda layers, x: layers.Dense(3)(layers.Flatten()(x * x)),
        [r"\(Multiply\): this operation does not convert"],
    ),
}


def _image(x):
    """The model's input, from a tensor in it."""
    while x._keras_history.operation._inbound_nodes[0].parent_nodes:
        x = x._keras_history.operation._inbound_nodes[0].input_tensors[0]
    return x


@pytest.mark.parametrize("case", ONE_PROBLEM)
def test_a_model_that_cannot_convert(case, tiny, tmp_path):
    build, sentences = ONE_PROBLEM[case]
    path = save_graph(tmp_path / "model.keras", build)
    refused(
        convert_model, [path, "--data", tiny / "data.npz", "-o", tmp_path / "b.bundle"], *sentences, folder=tmp_path
    )


@pytest.mark.parametrize("relus", [0, 1])
def test_nothing_on_the_chip(relus, tiny, tmp_path):
    keras = load_keras3()
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu" if relus else None)(image)
    keras.Model(image, keras.layers.Dense(3)(keras.layers.Flatten()(x))).save(tmp_path / "model.keras")
    refused(
        convert_model,
        [tmp_path / "model.keras", "--data", tiny / "data.npz", "-o", tmp_path / "b.bundle"],
        "nothing of this model would run on the chip.* at least two ReLU layers$",
        folder=tmp_path,
    )


def test_weights_that_are_not_numbers(tiny, tmp_path):
    model = load_keras3().saving.load_model(tiny / "model.keras")
    for name in ("stem", "head"):
        kernel, bias = model.get_layer(name).get_weights()
        model.get_layer(name).set_weights([np.where(kernel == kernel.max(), np.nan, kernel), bias])
    model.save(tmp_path / "model.keras")
    arguments = [tmp_path / "model.keras", "--data", tiny / "data.npz", "-o", tmp_path / "b.bundle"]
    refused(
        convert_model,
        arguments,
        *(rf"layer '{name}' .* has 1 weights that are NaN" for name in ("stem", "head")),
        folder=tmp_path,
    )


# Data


def npz(**arrays):
    return lambda path: np.savez(path.with_suffix(".npz"), **arrays)


def pixels(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def class_folders(*names, size=(8, 8)):
    def write(path):
        for name in names:
            (path / name).mkdir(parents=True)
            Image.fromarray(pixels(*size, 3)).save(path / name / "a.png")

    return write


def damaged_image(path):
    """Whole headers, half the pixels."""
    class_folders("a", "b", "c")(path)
    Image.fromarray(pixels(8, 8, 3)).save(path / "b" / "a.png", compress_level=0)
    whole = (path / "b" / "a.png").read_bytes()
    (path / "b" / "a.png").write_bytes(whole[: len(whole) // 2])


def half_a_zip(path):
    np.savez(path.with_suffix(".npz"), x=pixels(9, 8, 8, 3), y=np.arange(9) % 3)
    whole = path.with_suffix(".npz").read_bytes()
    path.with_suffix(".npz").write_bytes(whole[: len(whole) // 2])


def images_without_labels(path):
    path.mkdir()
    Image.fromarray(pixels(8, 8, 3)).save(path / "a.png")


X, Y = pixels(3, 8, 8, 3), np.arange(3)
BAD_DATA = {
    "missing": (lambda path: None, "data: no such file or folder; expected a .npz"),
    "empty folder": (lambda path: path.mkdir(), r"data: no images \(\.png"),
    "text": (lambda path: text(path.with_suffix(".csv")), r"data\.csv: a \.csv file is not a dataset"),
    "damaged archive": (half_a_zip, r"data\.npz: cannot be read as a \.npz file"),
    "text called npz": (lambda path: text(path.with_suffix(".npz")), r"data\.npz: cannot be read as a \.npz file"),
    "other size": (npz(x=pixels(3, 9, 9, 3), y=Y), r"image 0: size 9 x 9 x 3, the model takes 8 x 8 x 3; resize"),
    "other channels": (npz(x=pixels(3, 8, 8, 5), y=Y), "image 0: 5 channels, the model takes 3"),
    "flat images": (npz(x=pixels(3, 192), y=Y), r"image 0: an image of shape \(192,\)"),
    "words as pixels": (npz(x=np.full((3, 8, 8, 3), "a"), y=Y), "x has type <U1; save numbers"),
    "objects": (npz(x=np.array([None, 1, 2]), y=Y), "cannot be read as a .npz file .*Python objects"),
    "no labels": (npz(x=X), r"data\.npz holds x, no images x with labels y"),
    "too few labels": (npz(x=X, y=Y[:2]), "3 images and 2 labels; give one label for each image"),
    "no images": (npz(x=X[:0], y=Y[:0]), "0 images and 0 labels"),
    "labels between classes": (npz(x=X, y=Y + 0.5), "labels of type float64 that are not whole numbers"),
    "labels that are words": (npz(x=X, y=np.array(["a", "b", "c"])), "y has type <U1"),
    "label beyond the classes": (npz(x=X, y=Y + 1), "labels from 0 to 3, but the model's classes are 0 to 2"),
    "NaN label": (npz(x=X, y=np.array([0, 1, np.nan])), "labels of type float64 that are not whole numbers"),
    "one-hot of other width": (
        npz(x=X, y=np.eye(4)[[0, 1, 3]]),
        "labels from 0 to 3, but the model's classes are 0 to 2",
    ),
    "NaN pixel": (npz(x=np.where(X[1].max() == X, np.nan, X), y=Y), "images hold NaN or infinite pixels"),
    "a segmentation": (
        npz(x=X, y=np.zeros((3, 8, 8))),
        "holds segmentation data, but the model's output is for classif",
    ),
    "two class folders": (class_folders("a", "b"), r"2 class folders \(a, b\), but the model has 3 classes"),
    "images of other size": (class_folders("a", "b", "c", size=(6, 8)), "size 6 x 8, the model takes 8 x 8"),
    "images without labels": (images_without_labels, "1 images but no labels"),
    "damaged image": (damaged_image, r"a\.png: cannot be read as an image"),
}


def bad_data(case, folder):
    """The path of the spoilt data, made in ``folder``, and the sentence about it."""
    make, sentence = BAD_DATA[case]
    make(folder / "data")
    made = sorted(folder.glob("data*"))
    return (made[0] if made else folder / "data"), sentence


@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_training_data(case, tiny, tmp_path):
    data, sentence = bad_data(case, tmp_path)
    sentences = [sentence] * (3 if case == "images of other size" else 1)
    refused(
        convert_model, [tiny / "model.keras", "--data", data, "-o", tmp_path / "b.bundle"], *sentences, folder=tmp_path
    )


@pytest.mark.parametrize(
    "case", ["missing", "other size", "no labels", "label beyond the classes", "NaN pixel", "damaged image"]
)
def test_bad_test_data(case, tiny_bundle, tmp_path):
    data, sentence = bad_data(case, tmp_path)
    refused(deploy_model, [tiny_bundle, "--data", data, "--target", "nengo-dl"], sentence, folder=tmp_path)


# Options and places


def test_rates_the_wrong_way_round(tiny, tmp_path):
    refused(
        convert_model,
        [tiny / "model.keras", "--data", tiny / "data.npz", "-o", tmp_path / "b", "--rates", 200, 100],
        "--rates 200 100: the smallest rate is above the largest; write --rates MIN MAX$",
        folder=tmp_path,
    )


def test_fewer_timesteps_than_layers(tiny, tmp_path):
    keras = load_keras3()
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            *(keras.layers.Conv2D(1, 1, activation="relu") for _ in range(9)),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ]
    )
    model.save(tmp_path / "model.keras")
    refused(
        convert_model,
        [tmp_path / "model.keras", "--data", tiny / "data.npz", "-o", tmp_path / "b", "--timesteps", 8],
        "8 timesteps end before a spike has passed the 8 layers on the chip.* use --timesteps 32 or more$",
        folder=tmp_path,
    )


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (convert_model, ["m.keras", "--data", "d", "-o", "b", "--timesteps", "7"]),
        (convert_model, ["m.keras", "--data", "d", "-o", "b", "--rates", "0", "2000"]),
        (convert_model, ["m.keras", "--data", "d", "-o", "b", "--max-pooling", "median"]),
        (convert_model, ["m.keras", "--data", "d"]),
        (deploy_model, ["b", "--data", "d", "--target", "gpu"]),
        (deploy_model, ["b", "--data", "d", "--timesteps", "0"]),
        (deploy_model, ["b", "--data", "d", "--images", "0"]),
        (partition_model, ["b", "--chips", "many"]),
        (energy_report, []),
        (energy_report, ["b", "--static-watts", "-1"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value.name,
)
def test_options_out_of_range(command, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 2
    assert "Error" in result.stderr
    assert not contents(tmp_path)


def test_outputs_that_cannot_be_written(tiny, tiny_bundle, tmp_path):
    wall = tmp_path / "file"
    wall.write_text("a regular file")
    refused(
        convert_model,
        [tiny / "model.keras", "--data", tiny / "data.npz", "-o", wall / "b.bundle"],
        "cannot write .*file/b.bundle: a file is in the way; choose a folder you may write to$",
        folder=tmp_path,
    )
    (tiny_bundle / "runs").write_text("a regular file")
    refused(
        deploy_model,
        [tiny_bundle, "--data", tiny / "data.npz", "--target", "nengo-dl", "--no-measure"],
        r"cannot write .*runs/\.nengo-dl\.unfinished: .*; choose a bundle you may write to$",
        folder=tmp_path,
    )
    (tiny_bundle / "runs").unlink()
    fake_run(tiny_bundle)
    refused(
        energy_report, [tiny_bundle, "-o", wall / "report.html"], "cannot write .*file/report.html: ", folder=tmp_path
    )
    refused(
        energy_report,
        [tiny_bundle, "-o", tmp_path / "report.txt"],
        "choose a name that ends in .html$",
        folder=tmp_path,
    )
    (tmp_path / "folder.html").mkdir()
    refused(
        energy_report,
        [tiny_bundle, "-o", tmp_path / "folder.html"],
        "is a folder; choose the name of a file$",
        folder=tmp_path,
    )


def fake_run(bundle, name="fast", **changes):
    """The least run that can be reported."""
    run = {
        "target": "fast",
        "images": 1,
        "timesteps": 8,
        "exact": True,
        "layers": [],
        "devices_measured": [],
        "metrics": {
            "ann": {"accuracy": 1.0},
            "snn": {"accuracy": 1.0},
            "by_timestep": [{"timesteps": 8, "accuracy": 1.0}],
        },
        **changes,
    }
    (bundle / "runs" / name).mkdir(parents=True)
    (bundle / "runs" / name / "run.json").write_text(json.dumps(run))


def test_what_exists_is_kept(tiny, tiny_bundle, tmp_path):
    kept = "exists already and is kept; .*--force to replace it$"
    arguments = [tiny / "model.keras", "--data", tiny / "data.npz", "-o"]
    refused(convert_model, [*arguments, tiny_bundle], kept, folder=tmp_path)
    fake_run(tiny_bundle)
    refused(deploy_model, [tiny_bundle, "--data", tiny / "data.npz"], kept, folder=tmp_path)
    (tmp_path / "report.html").write_text("old")
    refused(energy_report, [tiny_bundle, "-o", tmp_path / "report.html"], kept, folder=tmp_path)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    refused(
        convert_model,
        [*arguments, tmp_path / "thesis", "--force"],
        "thesis is not a bundle .*choose another name$",
        folder=tmp_path,
    )


def test_a_failure_with_force_keeps_what_is_there(tiny, tiny_bundle, tmp_path):
    refused(
        convert_model,
        [tiny / "model.keras", "--data", tmp_path / "none", "-o", tiny_bundle, "--force"],
        "none: no such file or folder",
        folder=tmp_path,
    )


# Bundles


@pytest.mark.parametrize("command", [partition_model, deploy_model, energy_report], ids=lambda c: c.name)
def test_no_bundle(command, tiny, tmp_path):
    data = ["--data", tiny / "data.npz"] if command is deploy_model else []
    refused(command, [tmp_path / "none", *data], "none.*(is not a bundle|no such folder)", folder=tmp_path)
    (tmp_path / "folder").mkdir()
    refused(command, [tmp_path / "folder", *data], "folder is not a bundle.*convert-model", folder=tmp_path)


def cut_in_half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_bytes(path):
    data = bytearray(path.read_bytes())
    for place in range(len(data) // 4, len(data) * 3 // 4, 7):
        data[place] ^= 0xFF
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("spoil", [cut_in_half, flip_bytes, empty, text])
@pytest.mark.parametrize(
    ("command", "name"),
    [
        (partition_model, "network.npz"),
        (partition_model, "rates.npz"),
        (deploy_model, "network.npz"),
        (deploy_model, "conversion.json"),
        (deploy_model, "partition.json"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_damaged_bundle(command, name, spoil, tiny, tiny_bundle, tmp_path):
    spoil(tiny_bundle / name)
    data = ["--data", tiny / "data.npz"] if command is deploy_model else []
    again = "run partition-model again" if name == "partition.json" else "convert the model again"
    refused(command, [tiny_bundle, *data], rf"{name} is damaged \(.*\); {again}$", folder=tmp_path)


def test_a_bundle_that_is_not_partitioned(tiny, tiny_bundle, tmp_path):
    (tiny_bundle / "partition.json").unlink()
    refused(
        deploy_model,
        [tiny_bundle, "--data", tiny / "data.npz"],
        "has no partition.json; run 'partition-model ",
        folder=tmp_path,
    )


def test_the_partition_of_another_network(tiny, tiny_bundle, tmp_path):
    partition = json.loads((tiny_bundle / "partition.json").read_text())
    for entry in (*partition["layers"], *partition["blocks"]):
        for key in ("name", "layer"):
            if key in entry:
                entry[key] = "other"
    (tiny_bundle / "partition.json").write_text(json.dumps(partition))
    refused(
        deploy_model,
        [tiny_bundle, "--data", tiny / "data.npz"],
        "does not cut this network.*run partition-model",
        folder=tmp_path,
    )


def test_a_bundle_without_its_model(tiny, tiny_bundle, tmp_path):
    (tiny_bundle / "source.keras").unlink()
    refused(
        deploy_model,
        [tiny_bundle, "--data", tiny / "data.npz"],
        r"no source model in it\); convert the model again$",
        folder=tmp_path,
    )


BAD_RUNS = {
    "loihi without NxSDK": (["--target", "loihi"], "needs Intel's NxSDK .* use --target fast"),
    "continuous in nengo-dl": (
        ["--target", "nengo-dl", "--continuous"],
        "leave out --continuous or use --target fast$",
    ),
    "skips everything": (["--skip", 6], "has 6 images and --skip leaves out 6; skip fewer$"),
    "name of another folder": (["--name", "../../there"], "leave out slashes and leading dots$"),
}


@pytest.mark.parametrize("case", BAD_RUNS)
def test_a_run_that_cannot_start(case, tiny, tiny_bundle, tmp_path):
    options, sentence = BAD_RUNS[case]
    refused(deploy_model, [tiny_bundle, "--data", tiny / "data.npz", *options], sentence, folder=tmp_path)


def board_file(content):
    def write(folder):
        (folder / "board.json").write_text(content)
        return folder / "board.json"

    return write


BAD_BOARDS = {
    "unknown": (lambda folder: "loihi-9", "board 'loihi-9': neither a known board nor a file; choose one of auto"),
    "not JSON": (board_file("{"), "not readable as JSON"),
    "without chips": (board_file('{"name": "x"}'), "needs an object with the number of chips"),
    "unknown key": (board_file('{"chips": 1, "colour": "red"}'), r"unknown keys \['colour'\]"),
}


@pytest.mark.parametrize("case", BAD_BOARDS)
def test_a_bad_board(case, tiny_bundle, tmp_path):
    make, sentence = BAD_BOARDS[case]
    refused(partition_model, [tiny_bundle, "--force", "--board", make(tmp_path)], sentence, folder=tmp_path)


def test_a_board_too_small(tiny_bundle, tmp_path):
    from convert.bundle import save_network, save_rates
    from convert.network import INPUT, ConvertedNetwork, Convolution, Population, Projection, Readout

    shape = (256, 256, 3)
    populations = tuple(Population(n, "Conv2D", shape, np.zeros(shape), 1.0, n == "chip") for n in ("host", "chip"))
    names = (INPUT, "host", "chip", "out")
    projections = tuple(Projection(a, b, Convolution(np.ones((3, 3, 3, 3)))) for a, b in itertools.pairwise(names))
    network = ConvertedNetwork(shape, populations, projections, (Readout("out", shape, np.zeros(shape)),))
    save_network(network, tiny_bundle / "network.npz")
    save_rates({p.name: np.ones(shape, np.float32) for p in populations}, tiny_bundle / "rates.npz")
    for options in (["--board", "single-chip"], ["--chips", 1]):
        refused(
            partition_model,
            [tiny_bundle, "--force", *options],
            "the network needs at least .* cores, 1 x 128 = 128 are there; use",
            folder=tmp_path,
        )
    for options in (["--board", "kapoho-bay", "--chips", 3], ["--chips", 0]):
        refused(
            partition_model,
            [tiny_bundle, "--force", *options],
            "(has 2 chips, .*ask for fewer|chips is 0; use at least 1)",
            folder=tmp_path,
        )


# Reports


BAD_REPORTS = {
    "no runs": (lambda bundle: None, "has no runs; run 'deploy-model "),
    "damaged run": (
        lambda bundle: (fake_run(bundle), cut_in_half(bundle / "runs" / "fast" / "run.json")),
        "cannot read .*run.json .* run deploy-model again$",
    ),
    "run without metrics": (
        lambda bundle: (fake_run(bundle), (bundle / "runs" / "fast" / "run.json").write_text("{}")),
        "run.json has no target, images, timesteps, metrics; run deploy-model again$",
    ),
    "damaged conversion": (
        lambda bundle: (fake_run(bundle), text(bundle / "conversion.json")),
        "cannot read .*conversion.json .* run convert-model again$",
    ),
}


@pytest.mark.parametrize("case", BAD_REPORTS)
def test_nothing_to_report(case, tiny_bundle, tmp_path):
    spoil, sentence = BAD_REPORTS[case]
    spoil(tiny_bundle)
    refused(energy_report, [tiny_bundle, "-o", tmp_path / "report.html"], sentence, folder=tmp_path)


def test_every_bundle_that_cannot_be_reported_is_named(tmp_path):
    refused(
        energy_report,
        [tmp_path / "a", tmp_path / "b", "-o", tmp_path / "report.html"],
        "a: no such folder",
        "b: no such folder",
        folder=tmp_path,
    )


# Whole processes: nothing but the sentence on stderr, whatever the libraries print


@pytest.mark.parametrize("command", ["convert-model", "deploy-model"])
def test_nothing_but_the_sentence(command, tiny, tiny_bundle, tmp_path):
    damaged_image(tmp_path / "data")
    model = [tiny / "model.keras", "-o", tmp_path / "b.bundle"] if command == "convert-model" else [tiny_bundle]
    program = Path(sys.executable).with_name(command)
    done = subprocess.run(
        [program, *model, "--data", tmp_path / "data"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    assert re.fullmatch(r"error: .*a\.png: cannot be read as an image .*; replace or remove the file\n", done.stderr)
    assert done.stdout == ""
    assert not (tmp_path / "b.bundle").exists()


def test_debug_shows_the_traceback(tmp_path):
    program = shutil.which("partition-model", path=str(Path(sys.executable).parent))
    done = subprocess.run([program, tmp_path / "none", "--debug"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "is not a bundle" in done.stderr
