"""Models of vectors and sequences: what is loaded and lowered computes what the model does, on data of its shape."""

from __future__ import annotations

import numpy as np
import pytest

from convert.errors import UserError
from convert.frontends.keras.cut import cut_at_relus
from convert.frontends.keras.load import load_model
from convert.frontends.keras.nodes import nodes_of
from convert.frontends.keras.passes import POOLING
from convert.frontends.keras.passes.carry_sums import with_carried_sums
from convert.frontends.keras.paths.long_paths import sums_to_carry
from convert.frontends.keras.paths.reach import reach_of, shape_of
from convert.network.forward import outputs
from convert.upstream.tensorflow import load_keras3, load_tensorflow, load_tf_keras
from tests.builders.keras_models import images_for, lowered, randomized

MODELS = {}


def model(*shape):
    """Registers ``build(layers, x)``, which gives the outputs for an input of ``shape``."""

    def register(build):
        MODELS[build.__name__] = (shape, build)
        return build

    return register


def relu(layers, x):
    return layers.ReLU()(x)


@model(20)
def perceptron(layers, x):
    x = layers.ReLU(6.0)(layers.BatchNormalization()(layers.Dense(12)(layers.Dense(16, activation="relu")(x))))
    return layers.Dense(5, activation="softmax")(x)


@model(20)
def autoencoder(layers, x):
    for width in (12, 4, 12):
        x = relu(layers, layers.BatchNormalization()(layers.Dense(width)(x)))
    return layers.Dense(20)(x)


@model(9)
def slopes_of_a_vector(layers, x):
    x = layers.PReLU()(layers.Dense(8)(layers.LeakyReLU()(layers.Dense(8)(x))))
    return layers.Dense(3, activation="softplus")(x)


@model(20, 3)
def convolutions(layers, x):
    x = layers.Conv1D(6, 5, padding="same", activation="relu")(x)
    x = relu(layers, layers.BatchNormalization()(layers.Conv1D(8, 3, strides=2, groups=2, padding="same")(x)))
    x = layers.SeparableConv1D(6, 3, activation="relu")(x)
    x = relu(layers, layers.DepthwiseConv1D(3, strides=2, padding="same")(x))
    return layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling1D()(x))


@model(20, 2)
def causal_and_dilated(layers, x):
    x = layers.Conv1D(5, 3, padding="causal", activation="relu")(x)
    x = layers.Conv1D(5, 2, padding="causal", dilation_rate=4, activation="relu")(x)
    return layers.Dense(2, activation="softmax")(x)


@model(16, 2)
def pooled_padded_cropped_repeated(layers, x):
    x = layers.Conv1D(4, 3, activation="relu")(layers.ZeroPadding1D((1, 2))(x))
    x = relu(layers, layers.Conv1D(4, 3)(layers.AveragePooling1D(2)(x)))
    x = layers.UpSampling1D(2)(layers.Cropping1D((1, 0))(x))
    x = relu(layers, layers.Conv1DTranspose(3, 3, strides=2, padding="same")(x))
    x = layers.Dense(4, activation="relu")(layers.Flatten()(layers.Permute((2, 1))(x)))
    return layers.Flatten()(layers.Conv1D(2, 1)(layers.RepeatVector(3)(x)))


@model(16, 4)
def residual_blocks(layers, x):
    x = layers.Conv1D(4, 3, padding="same", activation="relu")(x)
    for _ in range(2):
        y = layers.PReLU(shared_axes=[1])(layers.Conv1D(4, 3, padding="same")(x))
        x = relu(layers, layers.Add()([x, layers.Conv1D(4, 3, padding="same")(y)]))
    return layers.Conv1D(1, 1, activation="tanh")(x)


@model(6, 5)
def rows_flattened(layers, x):
    x = layers.Dense(8, activation="relu")(layers.Flatten()(layers.Rescaling(1 / 255)(x)))
    return layers.Dense(4, activation="exponential")(layers.Dense(8, activation="relu")(x))


@model(8, 8)
def rows_as_an_image(layers, x):
    x = layers.Conv2D(3, 3, activation="relu")(layers.Reshape((8, 8, 1))(x))
    return layers.Dense(2, activation="softsign")(layers.Flatten()(layers.Conv2D(3, 3, activation="relu")(x)))


@model(18, 2)
def one_step_of_each_stride(layers, x):
    x = layers.Conv1D(4, 1, strides=2, activation="relu")(x)
    x = layers.Conv1DTranspose(4, 1, strides=3, padding="same", activation="relu")(x)
    return layers.Conv1D(2, 1, strides=3)(x)


def saved(keras, shape, build, path):
    keras.utils.set_random_seed(0)
    given = keras.Input(shape)
    made = randomized(keras.Model(given, build(keras.layers, given)))
    made.save(path)
    return made


def as_batch(loaded, values):
    """``values`` as the flat model takes them."""
    return values.reshape(len(values), *loaded.inputs[0].shape[1:]).astype(np.float32)


def assert_near(found, wanted):
    wanted = np.asarray(wanted)
    np.testing.assert_allclose(np.ravel(found), np.ravel(wanted), atol=1e-5 * max(1, np.abs(wanted).max()))


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("name", MODELS)
def test_what_is_lowered_computes_what_the_model_does(name, version, tmp_path):
    keras, (shape, build) = load_keras3() if version == 3 else load_tf_keras(), MODELS[name]
    made = saved(keras, shape, build, tmp_path / "model.keras")
    values = images_for(made)
    loaded = load_model(tmp_path / "model.keras")
    wanted = made(values, training=False)
    assert_near(loaded(as_batch(loaded, values)), wanted)
    assert_near(outputs(lowered(loaded), as_batch(loaded, values))[0], wanted)


@pytest.mark.parametrize("name", MODELS)
def test_a_vector_is_one_pixel_and_a_sequence_one_row(name, tmp_path):
    shape, build = MODELS[name]
    saved(load_keras3(), shape, build, tmp_path / "model.keras")
    network = lowered(load_model(tmp_path / "model.keras"))
    assert network.input.shape == (1,) * (3 - len(shape)) + shape
    kinds = {type(p.transform).__name__ for p in network.projections if p.source != "input"}
    if name in ("perceptron", "autoencoder", "residual_blocks"):
        assert "Convolution" in kinds  # shared kernels, which calibration fits


@pytest.mark.parametrize("name", MODELS)
def test_what_layers_connect_is_foreseen(name, tmp_path):
    """Every pixel that an impulse reaches is one that ``reach_of`` says."""
    shape, build = MODELS[name]
    saved(load_keras3(), shape, build, tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    for node in nodes_of(loaded):
        if type(node.layer).__name__ in ("ReLU", "Add", "Subtract", "Activation"):
            continue
        source, target = shape_of(node.keras_inputs[0]), shape_of(node.outputs)
        reach = reach_of(node, source, target)
        images = np.zeros((source[1], *source), np.float32)
        images[np.arange(source[1]), :, np.arange(source[1])] = 1000.0
        given = images.reshape(-1, *node.keras_inputs[0].shape[1:])
        silent = np.asarray(node.layer(np.zeros_like(given[:1])))
        moved = np.abs(np.asarray(node.layer(given)) - silent).reshape(-1, *target).max(axis=(1, 3)) > 1e-3
        assert not (moved & ~reach.columns).any(), node.layer.name
        assert reach.rows.shape == (source[0], target[0])


@pytest.mark.parametrize("kind", POOLING)
@pytest.mark.parametrize("steps", [12, 13])
def test_max_pooling_of_sequences_is_replaced(kind, steps, tmp_path):
    def build(layers, x):
        x = layers.MaxPooling1D(2, name="a")(layers.Conv1D(4, 3, padding="same", activation="relu")(x))
        x = layers.MaxPooling1D(3, 2, padding="same", name="b")(
            layers.Conv1D(4, 3, padding="same", activation="relu")(x)
        )
        return layers.Dense(3)(layers.GlobalMaxPooling1D(name="c")(layers.Conv1D(4, 1, activation="relu")(x)))

    made = saved(load_keras3(), (steps, 2), build, tmp_path / "model.keras")
    with pytest.raises(UserError) as caught:
        load_model(tmp_path / "model.keras", max_pooling=False)
    assert [p.split(":")[0] for p in caught.value.problems] == [
        "layers 'a', 'b' (MaxPooling1D)",
        "layer 'c' (GlobalMaxPooling1D)",
    ]
    replaced = POOLING[kind](load_model(tmp_path / "model.keras"))
    assert not [layer for layer in replaced.layers if "Max" in type(layer).__name__]
    values = images_for(made)
    assert_near(outputs(lowered(replaced), as_batch(replaced, values))[0], replaced(as_batch(replaced, values)))


@pytest.mark.parametrize("size", [(6, 6, 2), (7, 9, 2)])
def test_the_first_pixel_is_that_of_each_window(size):
    keras = load_tf_keras()
    image = keras.Input(size)
    model = keras.Model(image, [keras.layers.MaxPooling2D(2, padding=p)(image) for p in ("valid", "same")])
    images = images_for(model)
    for pooled, strided in zip(model(images), POOLING["strided"](model)(images), strict=True):
        assert pooled.shape == strided.shape
        rows, columns = pooled.shape[1:3]
        np.testing.assert_array_equal(strided, images[:, ::2, ::2][:, :rows, :columns])


def test_sums_of_sequences_that_reach_far_are_carried(tmp_path):
    def build(layers, x):
        x = layers.Conv1D(8, 3, padding="same", activation="relu")(x)
        for _ in range(5):
            y = layers.Conv1D(8, 9, padding="same", activation="relu")(
                layers.UpSampling1D(4)(layers.AveragePooling1D(4)(x))
            )
            x = layers.Add()(
                [layers.UpSampling1D(4)(layers.AveragePooling1D(4)(x)), layers.Conv1D(8, 9, padding="same")(y)]
            )
        return layers.Conv1D(2, 1)(x)

    made = saved(load_keras3(), (64, 2), build, tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    sums = sums_to_carry(loaded).layers
    assert sums
    carried = with_carried_sums(loaded, sums)
    assert cut_at_relus(carried)
    values = images_for(made)
    assert_near(carried(as_batch(carried, values)), made(values))


def test_several_vectors_are_one(tmp_path):
    keras = load_keras3()
    a, b = keras.Input((4,), name="b"), keras.Input((3,), name="a")
    x = keras.layers.Dense(5, activation="relu")(keras.layers.Concatenate()([keras.layers.Rescaling(2.0)(b), a]))
    model = keras.Model([a, b], keras.layers.Dense(2)(x))
    model.save(tmp_path / "model.keras")
    values = [images_for(model, i) for i in range(2)]
    loaded = load_model(tmp_path / "model.keras")
    assert_near(loaded(as_batch(loaded, np.concatenate(values, axis=1))), model(values))


@pytest.mark.parametrize("key", [np.s_[:, 2:7], np.s_[:, ::3], np.s_[:, 4], np.s_[..., 1:]])
@pytest.mark.parametrize("shape", [(9,), (9, 4)])
def test_parts_of_vectors_and_sequences(shape, key, tmp_path):
    keras = load_keras3()
    given = keras.Input(shape)
    model = keras.Model(given, keras.layers.Flatten()(keras.ops.reshape(given[key], (-1, *given[key].shape[1:], 1))))
    model.save(tmp_path / "model.keras")
    values = images_for(model)
    loaded = load_model(tmp_path / "model.keras")
    assert_near(loaded(as_batch(loaded, values)), model(values))


@pytest.mark.parametrize("version", [2, 3])
def test_means_over_steps_and_activations_as_functions(version, tmp_path):
    keras = load_keras3() if version == 3 else load_tf_keras()
    tf = load_tensorflow()
    mean, tanh = (keras.ops.mean, keras.ops.tanh) if version == 3 else (tf.reduce_mean, tf.tanh)
    given = keras.Input((9, 4))
    x = keras.layers.Conv1D(3, 3, activation="relu")(given)
    model = keras.Model(given, tanh(mean(x, axis=1)))
    model.save(tmp_path / "model.keras")
    values = images_for(model)
    loaded = load_model(tmp_path / "model.keras")
    assert_near(loaded(as_batch(loaded, values)), model(values))


@pytest.mark.parametrize("shape", [(None,), (None, 3), (4, 4, 4, 1)])
def test_other_inputs_are_refused(shape, tmp_path):
    keras = load_keras3()
    given = keras.Input(shape)
    keras.Model(given, keras.layers.ReLU()(given)).save(tmp_path / "model.keras")
    with pytest.raises(UserError, match=r"or a sequence \(steps, channels\) or vector \(values,\) of fixed length"):
        load_model(tmp_path / "model.keras")


def test_a_vector_beside_an_image_is_refused(tmp_path):
    keras = load_keras3()
    image, vector = keras.Input((8, 8, 1)), keras.Input((4,))
    x = keras.layers.Concatenate()([keras.layers.Flatten()(image), vector])
    keras.Model([image, vector], keras.layers.Dense(2)(x)).save(tmp_path / "model.keras")
    with pytest.raises(UserError, match=r"\(8, 8, 1\), \(4,\); several inputs become channels"):
        load_model(tmp_path / "model.keras")


def test_what_the_host_computes_is_refused_inside(tmp_path):
    keras = load_keras3()
    given = keras.Input((8,))
    x = keras.layers.Dense(4, activation="tanh", name="inner")(given)
    keras.Model(given, keras.layers.Dense(2, activation="tanh")(x)).save(tmp_path / "model.keras")
    with pytest.raises(
        UserError, match=r"^layer 'inner_tanh' \(Activation\): tanh runs on the host, at an output only; "
    ):
        load_model(tmp_path / "model.keras")
