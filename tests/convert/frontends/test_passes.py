"""Keras -> Keras before the cut: the same outputs with plain ReLUs, and what takes the place of max pooling."""

from __future__ import annotations

import numpy as np
import pytest

from convert.frontends.keras.passes import KERAS_PASSES, POOLING
from convert.frontends.keras.passes.image_by_spikes import image_by_spikes
from convert.frontends.keras.passes.maxima import relus_for_maxima
from convert.frontends.keras.passes.pixels_first import pixels_first
from convert.frontends.keras.passes.split_relus import split_relus
from convert.options import MaxPooling
from convert.upstream.tensorflow import load_tf_keras


def model_of(*layers):
    keras = load_tf_keras()
    keras.utils.set_random_seed(2)
    image = x = keras.Input((6, 6, 3))
    for layer in layers:
        x = layer(x)
    return keras.Model(image, x)


def images():
    return np.random.default_rng(0).normal(0, 3, (4, 6, 6, 3)).astype(np.float32)


def relus():
    layers = load_tf_keras().layers
    prelu = layers.PReLU(shared_axes=[1, 2], name="p")
    prelu.build((None, 6, 6, 3))
    prelu.set_weights([np.array([0.1, 0.0, -0.3]).reshape(1, 1, 3)])
    return {
        "capped": (layers.ReLU(2.0, name="p"), {"p", "p_over"}),
        "leaky": (layers.LeakyReLU(0.3, name="p"), {"p", "p_below"}),
        "both": (layers.ReLU(2.0, negative_slope=0.1, name="p"), {"p", "p_over", "p_below"}),
        "by channel": (prelu, {"p", "p_below"}),
    }


@pytest.mark.parametrize("name", ["capped", "leaky", "both", "by channel"])
def test_a_relu_becomes_plain_ones_with_the_same_outputs(name):
    layer, expected = relus()[name]
    model = model_of(layer)
    split = split_relus(model)
    assert {x.name for x in split.layers if type(x).__name__ == "ReLU"} == expected
    assert all(x.max_value is None and not x.negative_slope for x in split.layers if type(x).__name__ == "ReLU")
    np.testing.assert_allclose(split(images()), model(images()), atol=1e-5)


def test_a_model_of_plain_relus_stays_as_it_is():
    model = model_of(load_tf_keras().layers.ReLU())
    for rewrite in KERAS_PASSES:
        assert rewrite(model) is model


def test_a_kernel_of_one_step_does_not_stride_either():
    keras = load_tf_keras()
    sequence = x = keras.Input((12, 3))
    x = keras.layers.Conv1D(4, 1, strides=2, name="projection")(x)
    model = keras.Model(sequence, keras.layers.Conv1DTranspose(2, 1, strides=3, name="apart")(x))
    apart, values = pixels_first(model), np.random.default_rng(0).normal(size=(2, 12, 3)).astype(np.float32)
    assert apart.get_layer("projection").strides == (1,)
    assert not apart.get_layer("apart").trainable
    np.testing.assert_array_equal(apart(values), model(values))


def test_what_takes_the_place_of_max_pooling():
    pooling = load_tf_keras().layers.MaxPooling2D(2, name="pool")
    model, pixels = model_of(pooling), images()
    windows = pixels.reshape(4, 3, 2, 3, 2, 3)
    expected = {"average": windows.mean(axis=(2, 4)), "strided": pixels[:, ::2, ::2]}
    assert set(POOLING) == set(expected) == set(MaxPooling.__args__)
    np.testing.assert_allclose(model(pixels), windows.max(axis=(2, 4)), atol=1e-6)
    for how, replace in POOLING.items():
        np.testing.assert_allclose(replace(model)(pixels), expected[how], atol=1e-6)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("strides", [(2, 2), (3, 3)])
def test_a_kernel_of_one_pixel_does_not_stride(padding, strides):
    layers = load_tf_keras().layers
    projection = layers.Conv2D(5, 1, strides=strides, padding=padding, name="projection")
    model = model_of(layers.ReLU(), projection, layers.Conv2DTranspose(2, 1, strides=2, name="apart"))
    apart = pixels_first(model)
    assert apart.get_layer("projection").strides == (1, 1)
    assert [not layer.trainable for layer in apart.layers if layer.weights] == [False, True]
    np.testing.assert_array_equal(apart(images()), model(images()))


@pytest.mark.parametrize("name", ["Maximum", "Minimum"])
def test_a_maximum_becomes_sums_of_relus(name):
    keras = load_tf_keras()
    keras.utils.set_random_seed(2)
    image = keras.Input((6, 6, 3))
    parts = [keras.layers.Conv2D(4, 3, name=f"conv_{i}")(image) for i in range(3)]
    model = keras.Model(image, getattr(keras.layers, name)(name="most")(parts))
    apart = relus_for_maxima(model)
    assert {x.name for x in apart.layers if type(x).__name__ == "ReLU"} == {"most_more", "most_more_2"}
    assert not any(type(x).__name__ == name for x in apart.layers)
    np.testing.assert_allclose(apart(images()), model(images()), atol=1e-5)


def test_spikes_take_the_place_of_the_image_where_it_meets_them():
    keras = load_tf_keras()
    keras.utils.set_random_seed(2)
    image = keras.Input((6, 6, 3), name="picture")
    shortcut = keras.layers.Conv2D(4, 1, name="shortcut")(image)
    x = keras.layers.Add()([keras.layers.ReLU(name="first")(keras.layers.Conv2D(4, 1)(image)), shortcut])
    x = keras.layers.Concatenate()([keras.layers.ReLU(name="second")(x), shortcut, image])
    model = keras.Model(image, x)
    apart = image_by_spikes(model)
    relus = {x.name for x in apart.layers if type(x).__name__ == "ReLU"}
    pairs = {f"{name}_{part}" for name in ("shortcut", "picture") for part in ("positive", "negative")}
    assert relus == {"first", "second"} | pairs
    np.testing.assert_allclose(apart(images()), model(images()), atol=1e-5)


def test_two_branches_of_the_image_stay():
    keras = load_tf_keras()
    image = keras.Input((6, 6, 3))
    model = keras.Model(image, keras.layers.ReLU()(keras.layers.Add()([keras.layers.Conv2D(3, 1)(image), image])))
    assert image_by_spikes(model) is model
