"""Models of both Keras versions in every file format: what is loaded gives the original's outputs."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from convert.errors import UserError
from convert.frontends.keras.load import load_model
from convert.upstream.tensorflow import load_keras3, load_tensorflow, load_tf_keras
from tests.builders.keras_models import images_for, randomized

MODELS = {}


def graph(build):
    """Registers ``build(keras, image)``, which gives the outputs of a functional model with input ``image``."""

    def model(keras):
        image = keras.Input((8, 8, 3))
        return keras.Model(image, build(keras, image))

    MODELS[build.__name__] = model
    return build


def whole(build):
    """Registers ``build(keras)``, which gives a model."""
    MODELS[build.__name__] = build
    return build


@whole
def sequential(keras):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )


@whole
def sequential_built_later(keras):
    model = keras.Sequential(
        [keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    model.build((None, 8, 8, 3))
    return model


@graph
def nested_models_with_equal_names(keras, image):
    layers = keras.layers
    stem = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, padding="same", activation="relu", name="conv"),
            layers.BatchNormalization(),
        ],
        name="stem",
    )
    x = keras.Input((8, 8, 4))
    block = keras.Model(x, layers.Add()([x, layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(x)]))
    outer = keras.Model(x, block(block(x)))
    return layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(outer(stem(image))))


@graph
def one_relu_object_called_twice(keras, image):
    relu = keras.layers.ReLU()
    x = relu(keras.layers.Conv2D(4, 3)(image))
    return keras.layers.Conv2D(1, 1, activation="sigmoid")(relu(keras.layers.Conv2D(4, 3)(x)))


@graph
def one_convolution_called_twice(keras, image):
    conv = keras.layers.Conv2D(3, 3, padding="same", activation="relu")
    return keras.layers.Conv2D(2, 1)(conv(conv(image)))


@graph
def activations_as_arguments_and_layers(keras, image):
    layers, activations = keras.layers, keras.activations
    x = layers.Conv2D(4, 3, activation=activations.relu)(image)
    x = layers.Activation(activations.relu)(layers.Conv2D(4, 3, activation="linear")(x))
    x = layers.Conv2D(4, 3, activation=layers.ReLU())(x)
    return layers.Dense(4, activation=activations.sigmoid)(layers.Flatten()(x))


@graph
def softmax_layer(keras, image):
    return keras.layers.Softmax()(keras.layers.Dense(4)(keras.layers.Flatten()(image)))


@graph
def several_outputs(keras, image):
    layers = keras.layers
    x = layers.Conv2D(4, 3, activation="relu")(image)
    y = layers.Conv2D(4, 3, activation="relu")(x)
    return [
        layers.Conv2D(1, 1, activation="sigmoid", name="mask")(y),
        layers.Dense(3, activation="softmax", name="class")(layers.Flatten()(y)),
        x,
    ]


@graph
def depthwise_separable_transposed(keras, image):
    layers = keras.layers
    x = layers.SeparableConv2D(4, 3, depth_multiplier=2)(layers.DepthwiseConv2D(3, depth_multiplier=2)(image))
    return layers.Conv2DTranspose(2, 3, strides=2, padding="same", output_padding=1)(x)


@graph
def normalization(keras, image):
    return keras.layers.Conv2D(2, 1)(keras.layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 5.0, 6.0])(image))


@graph
def shapes_and_merges(keras, image):
    layers = keras.layers
    x = layers.Permute((2, 1, 3))(layers.Cropping2D(1)(layers.ZeroPadding2D(2)(image)))
    y = layers.UpSampling2D(2)(layers.MaxPooling2D(2)(layers.AveragePooling2D(3, 1, "same")(x)))
    x = layers.Concatenate()([layers.Subtract()([x, y]), layers.Average()([x, y])])
    return layers.Dense(2)(layers.Reshape((600,))(x))


@graph
def augmentation_at_the_front(keras, image):
    return keras.layers.Conv2D(2, 1)(keras.layers.RandomRotation(0.1)(keras.layers.RandomFlip()(image)))


@graph
def numbers_and_tensors_added(keras, image):
    x = 1 - (image / 255.0 - 0.5) * 2
    y = keras.layers.Conv2D(3, 3, padding="same", activation="relu")(-x)
    return keras.layers.Conv2D(2, 1)((x + y) - 3 * y)


@graph
def capped_and_leaky_relus(keras, image):
    layers = keras.layers
    capped, leaky = layers.ReLU(2.0, name="capped"), layers.LeakyReLU(0.1)
    x = layers.Conv2D(4, 1, activation="relu6")(layers.Rescaling(1 / 32, -4)(image))
    x = layers.Conv2D(4, 1, activation=layers.ReLU(max_value=3))(capped(leaky(layers.Conv2D(4, 1)(x))))
    x = layers.Activation("leaky_relu")(layers.Conv2D(4, 1, activation=layers.LeakyReLU(0.4))(leaky(x)))
    x = layers.ReLU(max_value=2, negative_slope=0.3)(layers.Conv2D(4, 1)(capped(x)))
    x = layers.PReLU()(layers.Conv2D(4, 1)(layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(4, 1)(x))))
    x = layers.PReLU(shared_axes=[1])(layers.Conv2D(4, 1)(x))
    return layers.PReLU()(layers.Dense(3)(layers.Flatten()(x)))


@whole
def several_inputs(keras):
    layers = keras.layers
    a, b = keras.Input((6, 8, 2), name="b"), keras.Input((6, 8, 1), name="a")
    x = layers.Conv2D(3, 3, activation="relu")(layers.Concatenate()([b, layers.Rescaling(2.0)(a)]))
    return keras.Model([a, b], layers.Add()([layers.Conv2D(1, 1)(x), layers.Conv2D(1, 3)(b)]))


OPERATIONS = ("numbers_and_tensors_added",)


def save(model, path, suffix):
    path = path / f"model{suffix}"
    model.save(path, **({} if suffix else {"save_format": "tf"}))
    return path


def same_outputs(model, path):
    """Asserts that what ``load_model`` makes of ``path`` has the outputs of ``model``; returns it."""
    loaded = load_model(path)
    inputs = [images_for(model, i) for i in range(len(model.inputs))]
    wanted = _outputs(model, inputs if len(inputs) > 1 else inputs[0])
    pairs = zip(_outputs(loaded, np.concatenate(inputs, -1)), wanted, strict=True)
    for found, wanted in pairs:
        assert found.shape == wanted.shape
        assert np.abs(found - wanted).max() <= 1e-5 * max(1, np.abs(wanted).max())
    assert all(layer.max_value is None and not layer.negative_slope for layer in relus_of(loaded))
    return loaded


def relus_of(model):
    assert not any(type(layer).__name__ in ("LeakyReLU", "PReLU") for layer in model.layers)
    return [layer for layer in model.layers if type(layer).__name__ == "ReLU"]


def _outputs(model, images):
    outputs = model(images, training=False)
    return [np.asarray(o) for o in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]


@pytest.mark.parametrize("name", MODELS)
def test_keras_3_file(name, tmp_path):
    keras = load_keras3()
    keras.utils.set_random_seed(0)
    model = randomized(MODELS[name](keras))
    loaded = same_outputs(model, save(model, tmp_path, ".keras"))
    same_outputs(loaded, save(loaded, tmp_path, "_again.keras"))


@pytest.mark.parametrize("suffix", [".keras", ".h5", ""], ids=["keras", "h5", "SavedModel"])
@pytest.mark.parametrize(
    "name",
    [
        "sequential",
        "sequential_built_later",
        "nested_models_with_equal_names",
        "several_outputs",
        "one_relu_object_called_twice",
        "activations_as_arguments_and_layers",
        "shapes_and_merges",
        "capped_and_leaky_relus",
        "several_inputs",
        *OPERATIONS,
    ],
)
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
def test_keras_2_file(name, suffix, tmp_path):
    keras = load_tf_keras()
    keras.utils.set_random_seed(0)
    model = randomized(MODELS[name](keras))
    same_outputs(model, save(model, tmp_path, suffix))


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
def test_h5_file_of_keras_3(tmp_path):
    model = randomized(MODELS["nested_models_with_equal_names"](load_keras3()))
    same_outputs(model, save(model, tmp_path, ".h5"))


def test_operations_written_as_functions(tmp_path):
    keras = load_keras3()
    image = keras.Input((8, 8, 3))
    x = keras.activations.relu(keras.ops.relu(keras.layers.Conv2D(3, 3, padding="same")(image)), max_value=90)
    x = keras.ops.leaky_relu(keras.ops.relu6(x / 10) - 3, negative_slope=0.4)
    x = keras.ops.mean(keras.ops.concatenate([x, image], axis=-1), axis=(1, 2))
    model = keras.Model(image, [keras.ops.softmax(x), keras.ops.sigmoid(x)])
    same_outputs(model, save(model, tmp_path, ".keras"))
    keras, tf = load_tf_keras(), load_tensorflow()
    image = keras.Input((8, 8, 3))
    x = tf.nn.relu(keras.layers.Conv2D(3, 3, padding="same")(image))
    x = tf.nn.leaky_relu(tf.nn.leaky_relu(tf.nn.relu6(x / 10) - 3, 0.4), alpha=0.5)
    x = tf.reduce_mean(tf.concat([x, image], -1), [1, 2])
    model = keras.Model(image, [tf.nn.softmax(x), tf.nn.sigmoid(x)])
    same_outputs(model, save(model, tmp_path, "_2.keras"))


@pytest.mark.parametrize(
    "operation",
    [
        lambda keras, x: x * x,
        lambda keras, x: 1 / x,
        lambda keras, x: x / 0.0,
        lambda keras, x: keras.ops.mean(x, axis=0),
        lambda keras, x: keras.ops.softmax(x, axis=1),
        lambda keras, x: keras.ops.exp(x),
    ],
    ids=["product", "reciprocal", "by_zero", "mean_over_images", "softmax_over_rows", "exp"],
)
def test_other_operations_are_refused_with_what_converts(operation, tmp_path):
    keras = load_keras3()
    image = keras.Input((8, 8, 3))
    save(keras.Model(image, operation(keras, image)), tmp_path, ".keras")
    with pytest.raises(UserError, match=r"^layer '\w+' \(\w+\): this operation does not convert; .+$"):
        load_model(tmp_path / "model.keras")


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
def test_code_in_a_file_is_not_run(tmp_path):
    for keras, suffixes in ((load_keras3(), (".keras",)), (load_tf_keras(), ("_2.keras", ".h5", ""))):
        image = keras.Input((8, 8, 3))
        model = keras.Model(image, keras.layers.Lambda(_leave_a_mark(tmp_path), name="bad")(image))
        for suffix in suffixes:
            save(model, tmp_path, suffix)
            (tmp_path / "mark").unlink(missing_ok=True)
            with pytest.raises(UserError, match=r"layer 'bad' \(Lambda\)"):
                load_model(tmp_path / f"model{suffix}")
            assert not (tmp_path / "mark").exists()


def _leave_a_mark(folder):
    mark = str(folder / "mark")
    return lambda x: (open(mark, "w").close(), x)[1]


def test_a_layer_of_the_user_s_own_is_named(tmp_path):
    keras = load_keras3()

    class Squash(keras.layers.Layer):
        def call(self, inputs):
            return inputs

    image = keras.Input((8, 8, 3))
    save(keras.Model(image, keras.layers.ELU(name="elu")(Squash(name="mine")(image))), tmp_path, ".keras")
    with pytest.raises(UserError) as caught:
        load_model(tmp_path / "model.keras")
    assert [p[:20] for p in caught.value.problems] == ["layer 'mine' (Squash", "layer 'elu' (ELU): a"]


def test_models_without_a_usable_input(tmp_path):
    keras = load_keras3()
    a, b = keras.Input((8, 8, 3)), keras.Input((6, 6, 3))
    save(keras.Model([a, b], keras.layers.Add()([keras.layers.Cropping2D(1)(a), b])), tmp_path, "_two.keras")
    image = keras.Input((None, None, 3))
    save(keras.Model(image, keras.layers.ReLU()(image)), tmp_path, "_any.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        save(keras.Sequential([keras.layers.Conv2D(4, 3)]), tmp_path, "_unbuilt.keras")
    two = r"\(8, 8, 3\), \(6, 6, 3\); several inputs become channels of one image, so all need equal rows and columns"
    for suffix, words in {"two": two, "any": "fixed size", "unbuilt": "never built"}.items():
        with pytest.raises(UserError, match=words):
            load_model(tmp_path / f"model_{suffix}.keras")


def test_a_file_with_the_wrong_ending_is_refused(tmp_path):
    path = save(MODELS["sequential"](load_keras3()), tmp_path, ".keras").rename(tmp_path / "model.h5")
    with pytest.raises(UserError, match=r"is a \.keras file by what is in it; rename it to model\.keras$"):
        load_model(path)


def test_a_layer_called_twice_stays_one_layer(tmp_path):
    save(MODELS["one_convolution_called_twice"](load_keras3()), tmp_path, ".keras")
    names = [type(layer).__name__ for layer in load_model(tmp_path / "model.keras").layers]
    assert sorted(names) == ["Conv2D", "Conv2D", "InputLayer", "ReLU"]
