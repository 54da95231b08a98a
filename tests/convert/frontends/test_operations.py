"""Operations on tensors, as both Keras save them: what is loaded gives the outputs of the original."""

from __future__ import annotations

import numpy as np
import pytest

from convert.errors import UserError
from convert.frontends.keras.load import load_model
from convert.upstream.tensorflow import load_keras3, load_tensorflow, load_tf_keras
from tests.builders.keras_models import images_for

MEAN, STD = np.array([120.0, 115.0, 100.0], np.float32), np.array([58.0, 57.0, 56.0], np.float32)
ROWS = np.linspace(-1, 1, 8 * 8, dtype=np.float32).reshape(1, 8, 8, 1)


def parts(ops, x):
    return ops.stack([x[..., 2], x[..., 0]], axis=-1)


OF_KERAS_3 = {
    "constants by channel": lambda ops, x: (x - MEAN) / STD,
    "constants before the tensor": lambda ops, x: ops.subtract(MEAN, x * STD.reshape(1, 1, 3)),
    "channels flipped": lambda ops, x: x[..., ::-1],
    "flip": lambda ops, x: ops.flip(x, axis=-1),
    "stacked channels": parts,
    "stacked rows": lambda ops, x: ops.stack([x[:, 0], x[:, -1]], axis=1),
    "rows and columns": lambda ops, x: x[:, 1:-1, ::2, 1:],
    "one row": lambda ops, x: x[:, 3:4],
    "everything": lambda ops, x: x[:, :],
    "axes": lambda ops, x: ops.squeeze(ops.expand_dims(x, 1), 1),
    "reshape": lambda ops, x: ops.reshape(x, (-1, 4, 16, 3)),
    "cast": lambda ops, x: ops.cast(x, "float32") + 1,
    "softmax by number": lambda ops, x: ops.softmax(x, axis=3),
    "mean by negative numbers": lambda ops, x: ops.mean(x, axis=(-2, -3)),
    "concatenate by number": lambda ops, x: ops.concatenate([x, x * 2], axis=3),
    "one tensor in a list": lambda ops, x: ops.concatenate([x], axis=-1),
    "numbers by row": lambda ops, x: (x - np.arange(8, dtype=np.float32).reshape(8, 1, 1)) * ROWS,
    "coordinates": lambda ops, x: ops.concatenate([x, ops.zeros_like(x[..., :1]) + ROWS], axis=-1),
    "repeated": lambda ops, x: ops.repeat(ops.repeat(x, 2, axis=1), 3, axis=-2),
    "tiled": lambda ops, x: ops.tile(x, (1, 2, 1, 3)),
    "pooled": lambda ops, x: ops.average_pool(x, 3, 2, "same") + ops.average_pool(x, 2),
    "means and sums": lambda ops, x: ops.mean(x, axis=-1, keepdims=True) - ops.sum(x, axis=(1, 3))[:, None, :, None],
    "times a matrix": lambda ops, x: ops.matmul(x, np.arange(12, dtype=np.float32).reshape(3, 4)),
    "larger by splines": lambda ops, x: ops.image.resize(x, (16, 8), interpolation="bicubic"),
    "equal parts": lambda ops, x: ops.concatenate(ops.split(x, 3, axis=-1)[::-1], axis=-1),
    "unequal parts": lambda ops, x: ops.concatenate(ops.split(x, [1, 4], axis=1)[:2], axis=1),
    "unstacked channels": lambda ops, x: ops.stack(ops.unstack(x, axis=-1)[:2], axis=-1),
    "zeros around": lambda ops, x: ops.pad(x, ((0, 0), (1, 2), (0, 3), (0, 0))),
    "channels of zeros": lambda ops, x: ops.pad(x, ((0, 0), (0, 0), (0, 0), (1, 4))),
    "zeros beside": lambda ops, x: ops.concatenate([x, ops.zeros_like(x)], axis=-1),
    "rows as columns": lambda ops, x: ops.transpose(x[:, :5], (0, 2, 1, 3)),
    "axes swapped": lambda ops, x: ops.swapaxes(x[:, :5], 1, -1),
    "axes moved": lambda ops, x: ops.moveaxis(x[:, :5], (1, 2), (-1, 1)),
    "depth to space": lambda ops, x: ops.nn.depth_to_space(ops.concatenate([x, x + 1, x * 2, -x], axis=-1), 2),
    "space to depth": lambda ops, x: ops.nn.space_to_depth(x, 4),
    "larger": lambda ops, x: ops.image.resize(x, (16, 24)),
    "larger, nearest": lambda ops, x: ops.image.resize(x, (16, 24), interpolation="nearest"),
    "distance": lambda ops, x: ops.abs(x - 100),
    "clipped": lambda ops, x: ops.clip(x, 20, 90) + ops.clip(x, 0, 50),
    "at least": lambda ops, x: ops.maximum(x, 0) + ops.maximum(90, x),
    "at most": lambda ops, x: ops.minimum(x, 90),
    "the larger one": lambda ops, x: ops.maximum(x, 130 - x),
    "the smaller one": lambda ops, x: ops.minimum(x, 130 - x),
}

OF_KERAS_2 = {
    "sum of a list": lambda tf, x: tf.add_n([x, x * 2, x]),
    "bias_add": lambda tf, x: tf.nn.bias_add(x[..., ::-1], -MEAN),
    "stack": parts,
    "unlike strides": lambda tf, x: x[:, ::2, 1:7:3],
    "reverse": lambda tf, x: tf.reverse(x, [-1]),
    "nothing": lambda tf, x: tf.stop_gradient(tf.identity(tf.cast(x, tf.float32))),
    "axes": lambda tf, x: tf.reshape(tf.expand_dims(x[..., 0], -1), (-1, 16, 4, 1)),
    "mean": lambda tf, x: tf.reduce_mean(x, [2, 1], keepdims=True),
    "softmax": lambda tf, x: tf.nn.softmax(x, axis=3),
    "numbers by row": lambda tf, x: tf.concat([x, tf.zeros_like(x) + ROWS], -1) * ROWS[0],
    "repeated": lambda tf, x: tf.repeat(x, 2, axis=1),
    "tiled": lambda tf, x: tf.tile(x, [1, 2, 1, 3]),
    "pooled": lambda tf, x: tf.nn.avg_pool2d(x, 2, [1, 2, 2, 1], "SAME") + tf.nn.avg_pool(x, 2, 2, "VALID"),
    "sums": lambda tf, x: tf.reduce_sum(x, 3, keepdims=True) - tf.reduce_mean(x, [-1], True),
    "times a matrix": lambda tf, x: tf.matmul(x, np.arange(12, dtype=np.float32).reshape(3, 4)),
    "equal parts": lambda tf, x: tf.concat(tf.split(x, 3, -1)[::-1], -1),
    "unequal parts": lambda tf, x: tf.concat(tf.split(x, [1, 3, 4], axis=1)[:2], 1),
    "unstacked channels": lambda tf, x: tf.stack(tf.unstack(x, axis=-1)[:2], -1),
    "zeros around": lambda tf, x: tf.pad(x, [[0, 0], [1, 2], [0, 3], [2, 0]]),
    "rows as columns": lambda tf, x: tf.transpose(x[:, :5], [0, 2, 1, 3]),
    "depth to space": lambda tf, x: tf.nn.depth_to_space(tf.concat([x, x + 1, x * 2, -x], -1), 2),
    "space to depth": lambda tf, x: tf.nn.space_to_depth(x, 2),
    "larger": lambda tf, x: tf.image.resize(x, (16, 24)),
    "larger, nearest": lambda tf, x: tf.image.resize(x, (16, 24), method="nearest"),
    "larger, by position": lambda tf, x: tf.image.resize(x, [8, 16], "bicubic"),
    "comparisons": lambda tf, x: tf.maximum(tf.abs(x - 100), tf.minimum(x, 90)) + tf.clip_by_value(x, 20, 50),
    "zeros": lambda tf, x: tf.concat([x, tf.zeros_like(x)], -1),
}


def same_outputs(model, path):
    images = images_for(model)
    found, wanted = np.asarray(load_model(path)(images)), np.asarray(model(images))
    np.testing.assert_allclose(found.reshape(wanted.shape), wanted, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", OF_KERAS_3)
def test_an_operation_of_keras_3(name, tmp_path):
    keras = load_keras3()
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, OF_KERAS_3[name](keras.ops, image))
    model.save(tmp_path / "model.keras")
    same_outputs(model, tmp_path / "model.keras")


@pytest.mark.parametrize("name", OF_KERAS_2)
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
def test_an_operation_of_keras_2(name, tmp_path):
    keras = load_tf_keras()
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, OF_KERAS_2[name](load_tensorflow(), image))
    model.save(tmp_path / "model.h5")
    same_outputs(model, tmp_path / "model.h5")


@pytest.mark.parametrize("network", ["resnet", "densenet", "mobilenet_v2"])
@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
def test_what_the_pretrained_networks_do_to_images(network, version, tmp_path):
    keras = load_keras3() if version == 3 else load_tf_keras()
    path = tmp_path / ("model.keras" if version == 3 else "model.h5")
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, getattr(keras.applications, network).preprocess_input(image))
    model.save(path)
    same_outputs(model, path)


REFUSED = {
    "parts of the batch": (lambda ops, x: ops.split(x, 1, axis=0), r"\(Split\): .* use x\[\.\.\., :n\] for each part$"),
    "pixels repeated around": (lambda ops, x: ops.pad(x, 1, mode="reflect"), r"\(Pad\): .* use ZeroPadding2D$"),
    "ones around": (lambda ops, x: ops.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)], constant_values=1), r"\(Pad\): "),
    "the batch moved": (lambda ops, x: ops.transpose(x), r"\(Transpose\): .* or use Permute$"),
    "smaller": (lambda ops, x: ops.image.resize(x, (4, 4)), r"\(Resize\): .* use UpSampling2D or AveragePooling2D$"),
    "a list of tensors": (lambda ops, x: ops.einsum("bijc,bijd->bcd", x, x), r"\(Einsum\)"),
    "rows flipped": (lambda ops, x: ops.flip(x, axis=1), r"\(Flip\): .* in the data, not in the model$"),
    "rows in another order": (lambda ops, x: x[:, ::-1], r"\(GetItem\): .* use Cropping2D for rows"),
    "numbers of another shape": (lambda ops, x: x[..., :1] + MEAN, r"\(Add\): this operation"),
    "an array beside a tensor": (
        lambda ops, x: ops.concatenate([x, ROWS], axis=-1),
        r"\(Concatenate\): .* constants as",
    ),
    "an array on a tensor": (lambda ops, x: ops.stack([x[..., 0], ROWS[..., 0]], axis=-1), r"\(Stack\): "),
}


@pytest.mark.parametrize("name", REFUSED)
def test_another_operation_is_refused_by_name(name, tmp_path):
    build, sentence = REFUSED[name]
    keras = load_keras3()
    image = keras.Input((8, 8, 3))
    keras.Model(image, build(keras.ops, image)).save(tmp_path / "model.keras")
    with pytest.raises(UserError, match=sentence):
        load_model(tmp_path / "model.keras")


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
def test_a_size_that_is_a_tensor_is_refused(tmp_path):
    keras, tf = load_tf_keras(), load_tensorflow()
    image = keras.Input((8, 8, 3))
    keras.Model(image, tf.image.resize(image[:, ::2, ::2], tf.shape(image)[1:3])).save(tmp_path / "model.h5")
    with pytest.raises(UserError, match=r"\(TFOpLambda\): .* use the numbers of x\.shape"):
        load_model(tmp_path / "model.h5")


def test_equal_refusals_are_one_sentence(tmp_path):
    keras = load_keras3()
    image = x = keras.Input((8, 8, 3))
    for i in range(7):
        x = keras.layers.LayerNormalization(name=f"norm_{i}")(keras.layers.ELU(name=f"elu_{i}")(x))
    keras.Model(image, x).save(tmp_path / "model.keras")
    with pytest.raises(UserError) as caught:
        load_model(tmp_path / "model.keras")
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "layers 'elu_0', 'elu_1', 'elu_2', 'elu_3', 'elu_4' and 2 more (ELU)",
        "layers 'norm_0', 'norm_1', 'norm_2', 'norm_3', 'norm_4' and 2 more (LayerNormalization)",
    ]
