"""Where an output lies in the input: told by the layers, and the same as the pixels that it sees."""

from __future__ import annotations

import numpy as np
import pytest

from convert.frontends.keras.load import load_model
from convert.frontends.keras.output_grid import output_grid
from convert.upstream.tensorflow import load_keras3, load_tensorflow, load_tf_keras
from tests.builders.valid_unet import cropped, sliced, valid_unet


def up_by_repetition(layers, x):
    """A U-Net of one level whose up-convolution is UpSampling2D and a 2 x 2 kernel, half a pixel off on its path."""
    skip = layers.Conv2D(3, 3, activation="relu")(x)
    x = layers.Conv2D(3, 3, activation="relu")(layers.MaxPooling2D(2)(skip))
    x = layers.Conv2D(3, 2, padding="same", activation="relu")(layers.UpSampling2D(2)(x))
    return layers.Conv2D(2, 3)(layers.Concatenate()([layers.Cropping2D(2)(skip), x]))


def squeezed(layers, x):
    """What is the same everywhere is added: it has no place."""
    everywhere = layers.GlobalAveragePooling2D(keepdims=True)(x)
    return layers.Conv2D(2, 3)(layers.Add()([x, layers.Conv2D(4, 1)(everywhere)]))


GRIDS = {
    "valid": (lambda layers, x: layers.Conv2D(2, 3)(x), (14, 14), (1, 1), (1, 1)),
    "valid, dilated": (lambda layers, x: layers.Conv2D(2, 3, dilation_rate=2)(x), (12, 12), (1, 1), (2, 2)),
    "separable": (lambda layers, x: layers.SeparableConv2D(2, 5)(x), (12, 12), (1, 1), (2, 2)),
    "even kernels": (lambda layers, x: layers.Conv2D(2, 2)(layers.Conv2D(4, 2)(x)), (14, 14), (1, 1), (1, 1)),
    "cropped": (lambda layers, x: layers.Cropping2D(((1, 3), (2, 2)))(x), (12, 12), (1, 1), (1, 2)),
    "sliced": (lambda layers, x: x[:, 4:-4, 4:-4, :], (8, 8), (1, 1), (4, 4)),
    "the corner": (lambda layers, x: x[:, :8, 1:], (8, 15), (1, 1), (0, 1)),
    "every second": (lambda layers, x: x[:, ::2, 1::2, :], (8, 8), (2, 2), (0, 1)),
    "strided same": (lambda layers, x: layers.Conv2D(2, 3, strides=2, padding="same")(x), (8, 8), (2, 2), (1, 1)),
    "strided valid": (lambda layers, x: layers.Conv2D(2, 5, strides=2)(x), (6, 6), (2, 2), (2, 2)),
    "strided pixels": (lambda layers, x: layers.Conv2D(2, 1, strides=3)(x), (6, 6), (3, 3), (0, 0)),
    "strided, cropped": (lambda layers, x: layers.Conv2D(2, 1, strides=2)(x[:, 3:-2, 3:-2]), (6, 6), (2, 2), (3, 3)),
    "down and up": (
        lambda layers, x: layers.Conv2DTranspose(2, 2, strides=2)(layers.Conv2D(3, 3)(layers.MaxPooling2D(2)(x))),
        (12, 12),
        (1, 1),
        (2, 2),
    ),
    "padded and cropped": (lambda layers, x: layers.Conv2D(2, 5)(layers.ZeroPadding2D(1)(x)), (14, 14), (1, 1), (1, 1)),
    "turned": (lambda layers, x: layers.Permute((2, 1, 3))(layers.Conv2D(2, (3, 5))(x)), None, None, None),
    "up by repetition": (up_by_repetition, (8, 8), (1, 1), (4, 4)),
    "the same everywhere": (squeezed, (14, 14), (1, 1), (1, 1)),
    "pixels in a row": (
        lambda layers, x: layers.Reshape((196, 2))(layers.Conv2D(2, 3, activation="softmax")(x)),
        (14, 14),
        (1, 1),
        (1, 1),
    ),
    "half a pixel": (lambda layers, x: layers.Conv2D(2, 2)(x), None, None, None),
    "blocks of pixels": (lambda layers, x: layers.AveragePooling2D(2)(x), None, None, None),
    "larger": (lambda layers, x: layers.UpSampling2D(2)(x), None, None, None),
    "through a vector": (
        lambda layers, x: layers.Reshape((4, 4, 2))(layers.Dense(32)(layers.Flatten()(x))),
        None,
        None,
        None,
    ),
}


@pytest.fixture(scope="module", params=[2, 3])
def keras(request):
    return load_keras3() if request.param == 3 else load_tf_keras()


def loaded(keras, build, path, size=(16, 16, 1)):
    image = keras.Input(size)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    keras.Model(image, build(keras.layers, x)).save(path)
    return load_model(path)


@pytest.mark.parametrize("name", GRIDS)
def test_the_layers_tell_where_the_output_lies(name, keras, tmp_path):
    build, size, stride, offset = GRIDS[name]
    grid = output_grid(loaded(keras, build, tmp_path / "model.keras"))
    assert (grid is None) == (size is None)
    if grid is not None:
        assert (grid.input_size, grid.size, grid.stride, grid.offset) == ((16, 16), size, stride, offset)


@pytest.mark.parametrize(("size", "offset"), [(16, 1), (15, 0)])
def test_same_padding_puts_the_odd_zero_behind(size, offset, tmp_path):
    build = GRIDS["strided same"][0]
    grid = output_grid(loaded(load_keras3(), build, tmp_path / "model.keras", (size, size, 1)))
    assert (grid.size, grid.offset) == ((8, 8), (offset, offset))


@pytest.mark.parametrize("crop", [cropped, sliced])
@pytest.mark.parametrize(("size", "filters", "made"), [(32, [2, 3], 16), (60, [2, 3, 4], 20), (92, [2, 2, 2, 2], 4)])
def test_valid_unets_lie_in_the_middle_of_what_they_see(size, filters, made, crop, tmp_path):
    load_keras3().utils.set_random_seed(0)  # of four pixels one is the maximum, which is to reach a border
    valid_unet(load_keras3(), size, filters, crop=crop, pooling="MaxPooling2D").save(tmp_path / "model.keras")
    model = load_model(tmp_path / "model.keras")
    grid = output_grid(model)
    assert grid.size == (made, made)
    assert grid.offset == ((size - made) // 2,) * 2
    first, last = seen_middle(model, (0, 0)), seen_middle(model, (made - 1, made - 1))
    assert tuple(np.add(first, last) / 2) == tuple(np.add(grid.offset, (made - 1) / 2))


@pytest.mark.parametrize("name", ["valid, dilated", "the corner", "every second", "strided valid", "even kernels"])
def test_an_output_pixel_is_the_middle_of_what_it_sees(name, tmp_path):
    model = loaded(load_keras3(), GRIDS[name][0], tmp_path / "model.keras")
    grid = output_grid(model)
    for pixel in ((2, 2), (3, 4)):
        expected = tuple(s * p + o for s, p, o in zip(grid.stride, pixel, grid.offset, strict=True))
        assert seen_middle(model, pixel) == expected


def seen_middle(model, pixel):
    """The middle of the input pixels on which an output pixel depends; weights are made positive for that."""
    tf = load_tensorflow()
    for layer in model.layers:
        layer.set_weights([np.abs(weights) + 0.1 for weights in layer.get_weights()])
    linear = tf.constant(np.random.default_rng(0).uniform(1, 2, (1, *model.inputs[0].shape[1:])).astype(np.float32))
    head = model.layers[-1]
    before = load_tf_keras().Model(model.inputs, head.input) if "softmax" in str(head.get_config()) else model
    with tf.GradientTape() as tape:
        tape.watch(linear)
        value = tf.reduce_sum(before(linear)[0, pixel[0], pixel[1]])
    rows, columns, _ = np.nonzero(np.asarray(tape.gradient(value, linear))[0])
    return (rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2
