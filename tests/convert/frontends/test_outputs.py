"""What a model gives: outputs in lists and dicts, one by name, softmax before a Reshape, maps of one pixel."""

from __future__ import annotations

import numpy as np
import pytest

import convert
from convert.data.dataset import open_data
from convert.errors import UserError
from convert.frontends.keras.load import load, load_model
from convert.upstream.tensorflow import load_keras3, load_tf_keras
from tests.builders.keras_models import images_for


def stem(keras, image):
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    return keras.layers.Conv2D(4, 3, padding="same", activation="relu")(x)


def classes(keras, x):
    return keras.layers.Dense(3, activation="softmax", name="dense")(keras.layers.Flatten()(x))


def both(keras, image):
    x = stem(keras, image)
    return {"mask": keras.layers.Conv2D(2, 1, name="conv")(x), "class": classes(keras, x)}


def saved(keras, path, build, size=(8, 8, 3)):
    image = keras.Input(size)
    model = keras.Model(image, build(keras, image))
    model.save(path)
    return model


@pytest.mark.parametrize("version", [2, 3])
def test_a_dict_of_outputs_and_one_by_name(version, tmp_path):
    keras, path = load_keras3() if version == 3 else load_tf_keras(), tmp_path / "model.keras"
    model = saved(keras, path, both)
    images = images_for(model)
    wanted = model(images)
    for output, names in ((None, ("class", "mask")), ("mask", ("mask", "class"))):
        loaded = load(path, output=output)
        assert loaded.outputs == names
        for name, found in zip(names, loaded.model(images), strict=True):
            np.testing.assert_allclose(found, wanted[name], atol=1e-3)
    with pytest.raises(UserError, match=r"no output 'head'; its outputs are class, mask$"):
        load(path, output="head")


def test_nested_models_with_dicts(tmp_path):
    keras, path = load_keras3(), tmp_path / "model.keras"
    a, b = keras.Input((8, 8, 3), name="a"), keras.Input((8, 8, 3), name="b")
    inner = keras.Model({"b": b, "a": a}, {"sum": keras.layers.Add()([a, b]), "first": a})

    def build(keras, image):
        made = inner({"a": image, "b": image * 2})
        return classes(keras, stem(keras, keras.layers.Subtract()([made["sum"], made["first"]])))

    model = saved(keras, path, build)
    images = images_for(model)
    np.testing.assert_allclose(load_model(path)(images), model(images), atol=1e-3)


@pytest.mark.slow
def test_the_measured_output_is_named(tiny, tmp_path):
    path = tmp_path / "model.keras"
    keras = load_keras3()
    saved(keras, path, both)
    options = convert.Options(timesteps=16, output="class")
    report = convert.convert(path, tiny / "data.npz", tmp_path / "b", options)
    assert report.output == "class"
    assert set(report.metrics["ann"]) == {"accuracy"}


def pooled(keras, x):
    x = keras.layers.Conv2D(5, 1)(keras.layers.AveragePooling2D(8)(x))
    return keras.layers.Activation("softmax")(x)


HEADS = {
    "softmax, then Reshape": (lambda k, x: k.layers.Reshape((3,))(k.layers.Reshape((1, 3))(classes(k, x))), (3,)),
    "pixels of a map in a row": (
        lambda k, x: k.layers.Activation("softmax")(k.layers.Reshape((64, 2))(k.layers.Conv2D(2, 1)(x))),
        (8, 8, 2),
    ),
    "softmax, then pixels in a row": (
        lambda k, x: k.layers.Reshape((64, 2))(k.layers.Conv2D(2, 1, activation="softmax")(x)),
        (8, 8, 2),
    ),
    "a map without channels": (
        lambda k, x: k.layers.Reshape((8, 8))(k.layers.Conv2D(1, 1, activation="sigmoid")(x)),
        (8, 8, 1),
    ),
    "one pixel": (pooled, (5,)),
    "one pixel, then Flatten": (lambda k, x: k.layers.Flatten()(pooled(k, x)), (5,)),
    "one pixel without activation": (lambda k, x: k.layers.Conv2D(5, 8)(x), (5,)),
}


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("name", HEADS)
def test_outputs_in_the_shape_that_they_are_read_in(name, version, tmp_path):
    build, shape = HEADS[name]
    keras, path = load_keras3() if version == 3 else load_tf_keras(), tmp_path / "model.keras"
    model = saved(keras, path, lambda keras, image: build(keras, stem(keras, image)))
    images = images_for(model)
    found = np.asarray(load_model(path)(images))
    assert found.shape == (len(images), *shape)
    np.testing.assert_allclose(found.ravel(), np.asarray(model(images)).ravel(), atol=1e-4)


def test_softmax_over_what_a_reshape_mixes_stays_refused(tmp_path):
    path = tmp_path / "model.keras"
    saved(load_keras3(), path, lambda k, x: k.layers.Flatten()(k.layers.Conv2D(2, 1, activation="softmax")(stem(k, x))))
    with pytest.raises(UserError, match="softmax runs on the host, at an output only"):
        load_model(path)


@pytest.mark.slow
@pytest.mark.parametrize("labels", [(12, 1, 1), (12,), (12, 1, 1, 5)])
@pytest.mark.parametrize("epochs", [0, 1])
def test_a_network_of_one_pixel_maps_converts(labels, epochs, tmp_path):
    keras, path, rng = load_keras3(), tmp_path / "model.keras", np.random.default_rng(0)
    dense = keras.layers.Dense

    def build(keras, x):
        return dense(5, activation="softmax")(dense(16, activation="relu")(dense(16, activation="relu")(x)))

    saved(keras, path, build, size=(1, 1, 40))
    y = rng.integers(0, 5, 12)
    y = np.eye(5)[y].reshape(labels) if np.prod(labels) > 12 else y.reshape(labels)
    np.savez(tmp_path / "data.npz", x=rng.integers(0, 256, (12, 1, 1, 40), np.uint8), y=y)
    options = convert.Options(timesteps=16, fine_tune_epochs=epochs)
    report = convert.convert(path, tmp_path / "data.npz", tmp_path / "b", options)
    assert report.task == "classification"
    assert report.metrics["rate"] == report.metrics["fine_tuned" if epochs else "ann"]


@pytest.mark.parametrize("one_hot", [False, True])
def test_labels_with_their_pixels_in_a_row(one_hot, tmp_path):
    rng = np.random.default_rng(0)
    x, maps = rng.integers(0, 256, (4, 6, 8, 3), np.uint8), rng.integers(0, 2, (4, 6, 8))
    np.savez(tmp_path / "data.npz", x=x, y=np.eye(2)[maps.reshape(4, 48)] if one_hot else maps.reshape(4, 48))
    data = open_data(tmp_path / "data.npz", input_shape=(6, 8, 3), target_shape=(6, 8, 2))
    assert data.task == "segmentation"
    np.testing.assert_array_equal([data.label(i) for i in range(4)], maps)
