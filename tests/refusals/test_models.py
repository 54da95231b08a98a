"""Models that cannot convert."""

from __future__ import annotations

import numpy as np
import pytest

from convert.cli import main as convert_model
from convert.upstream.tensorflow import load_keras3, load_tf_keras
from tests.builders.refusing import refused


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
    x = layers.ReLU(threshold=1, name="jump")(x)
    x = layers.Conv2D(4, 3, data_format="channels_first", padding="same", name="first")(x)
    x = layers.Softmax(name="middle")(x)
    x = layers.GlobalMaxPooling2D(name="max")(x)
    return layers.Dense(3, name="head", activation="softmax")(x)


EVERYTHING = (
    r"'pool' \(MaxPooling2D\): a maximum of spike rates .* add --max-pooling average",
    r"'elu' \(ELU\): .* use LeakyReLU or ReLU$",
    r"'gate' \(Multiply\): spikes are added, not multiplied; use Add or Concatenate, train without the gate, "
    r"fix its mask at the mean with freeze-attention, or let the host run it and all that follows: --host-from LAYER$",
    r"'norm' \(LayerNormalization\): .* use BatchNormalization$",
    r"'jump' \(ReLU\): a ReLU jumps at a threshold; only threshold=0 converts, train with it$",
    r"'first' \(Conv2D\): only data_format='channels_last' converts",
    r"'max' \(GlobalMaxPooling2D\): a maximum of spike rates .* add --max-pooling average",
    r"'tanh_tanh' \(Activation\): tanh runs on the host, at an output only; end the model there",
    r"'sigmoid' \(Activation\): sigmoid runs on the host, at an output only; end the model there",
    r"'middle' \(Softmax\): softmax runs on the host",
)


def test_every_layer_that_cannot_convert_is_listed_with_the_way_out(tiny, tmp_path):
    save_graph(tmp_path / "model.keras", everything_wrong)
    arguments = [tmp_path / "model.keras", "--data", tiny / "data.npz", "-o", tmp_path / "b.bundle"]
    refused(convert_model, arguments, *EVERYTHING, folder=tmp_path)
    others = [sentence for sentence in EVERYTHING if "Pooling2D" not in sentence]
    refused(convert_model, [*arguments, "--max-pooling", "average"], *others, folder=tmp_path)
    refused(convert_model, [tmp_path / "model.keras", "--check"], *EVERYTHING, folder=tmp_path)
    refused(convert_model, [tmp_path / "model.keras", "--check", "--json"], *EVERYTHING, folder=tmp_path)


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
        [r"'s' \(Softmax\): softmax runs on the host"],
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


@pytest.mark.parametrize("case", ONE_PROBLEM)
def test_a_model_that_cannot_convert(case, tiny, tmp_path):
    build, sentences = ONE_PROBLEM[case]
    path = save_graph(tmp_path / "model.keras", build)
    arguments = [path, "--data", tiny / "data.npz", "-o", tmp_path / "b.bundle"]
    refused(convert_model, arguments, *sentences, folder=tmp_path)
    refused(convert_model, [path, "--check"], *sentences, folder=tmp_path)


def test_a_map_for_classes(tiny, tmp_path):
    path = save_graph(tmp_path / "model.keras", lambda layers, x: layers.Conv2D(3, 3)(x))
    refused(
        convert_model,
        [path, "--data", tiny / "data.npz", "-o", tmp_path / "b.bundle"],
        "holds classification data, but the model's output is for segmentation",
        folder=tmp_path,
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


def test_an_output_that_is_not_there(tiny, tmp_path):
    path = save_graph(tmp_path / "model.keras", lambda layers, x: {"a": x, "b": layers.Conv2D(1, 1)(x)})
    arguments = [path, "--data", tiny / "data.npz", "-o", tmp_path / "b.bundle", "--measured-output", "c"]
    refused(convert_model, arguments, r"the model has no output 'c'; its outputs are a, b$", folder=tmp_path)


def test_a_wrong_size_and_layers_that_do_not_convert_at_once(tiny, tmp_path):
    keras = load_keras3()
    image = keras.Input((None, None, 3))
    x = keras.layers.MaxPooling2D(2)(keras.layers.Conv2D(4, 3, activation="silu")(image))
    keras.Model(image, keras.layers.LayerNormalization()(keras.layers.UpSampling2D(2)(x))).save(tmp_path / "m.keras")
    arguments = [tmp_path / "m.keras", "--data", tiny / "data.npz", "-o", tmp_path / "b.bundle"]
    sentences = ("an image of fixed size", "'silu' has no spiking form", r"\(MaxPooling2D\)", r"\(LayerNormalization\)")
    refused(convert_model, arguments, *sentences, folder=tmp_path)
    refused(convert_model, [tmp_path / "m.keras", "--check"], *sentences, folder=tmp_path)
