"""Small Keras 3 models with random weights: one for each pattern of U-Nets and ResNets that must convert."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convert.frontends.keras.cut import cut_at_relus
from convert.lowering.lower import lower
from convert.network import Network
from convert.upstream.tensorflow import load_keras3

Build = Callable[[Any, Any], Any]
PATTERNS: dict[str, Build] = {}


def pattern(build: Build) -> Build:
    """Registers ``build(layers, x)``, which puts something linear after the spiking tensor ``x``."""
    PATTERNS[build.__name__] = build
    return build


@pattern
def conv_same(layers: Any, x: Any) -> Any:
    return layers.Conv2D(5, 3, padding="same")(x)


@pattern
def conv_valid(layers: Any, x: Any) -> Any:
    return layers.Conv2D(5, (2, 3), padding="valid")(x)


@pattern
def conv_strided_same(layers: Any, x: Any) -> Any:
    return layers.Conv2D(5, 3, strides=2, padding="same")(x)


@pattern
def conv_strided_valid(layers: Any, x: Any) -> Any:
    return layers.Conv2D(4, 2, strides=2)(x)


@pattern
def conv_large_kernel(layers: Any, x: Any) -> Any:
    return layers.Conv2D(4, 7, padding="same")(x)


@pattern
def conv_dilated(layers: Any, x: Any) -> Any:
    return layers.Conv2D(4, 3, dilation_rate=2, padding="same")(x)


@pattern
def conv_grouped(layers: Any, x: Any) -> Any:
    return layers.Conv2D(8, 3, groups=2, padding="same")(x)


@pattern
def conv_batch_norm(layers: Any, x: Any) -> Any:
    return layers.BatchNormalization()(layers.Conv2D(5, 3, padding="same", use_bias=False)(x))


@pattern
def batch_norm_before_padded_conv(layers: Any, x: Any) -> Any:
    return layers.Conv2D(5, 3, padding="same")(layers.BatchNormalization()(x))


@pattern
def zero_padding_strided(layers: Any, x: Any) -> Any:
    return layers.Conv2D(5, 3, strides=2)(layers.ZeroPadding2D(1)(x))


@pattern
def cropping(layers: Any, x: Any) -> Any:
    return layers.Conv2D(5, 1)(layers.Cropping2D(((1, 2), (0, 3)))(x))


@pattern
def depthwise(layers: Any, x: Any) -> Any:
    return layers.DepthwiseConv2D(3, padding="same")(x)


@pattern
def separable(layers: Any, x: Any) -> Any:
    return layers.SeparableConv2D(6, 3, padding="same")(x)


@pattern
def pool_then_conv(layers: Any, x: Any) -> Any:
    return layers.Conv2D(5, 3, padding="same")(layers.AveragePooling2D(2)(x))


@pattern
def pool_same_padding(layers: Any, x: Any) -> Any:
    return layers.Conv2D(5, 1)(layers.AveragePooling2D(3, 2, padding="same")(x))


@pattern
def transpose_2x2(layers: Any, x: Any) -> Any:
    return layers.Conv2DTranspose(5, 2, strides=2, padding="same")(x)


@pattern
def transpose_3x3(layers: Any, x: Any) -> Any:
    return layers.Conv2DTranspose(5, 3, strides=2, padding="same")(x)


@pattern
def transpose_4x4(layers: Any, x: Any) -> Any:
    return layers.Conv2DTranspose(5, 4, strides=2, padding="same")(x)


@pattern
def transpose_valid(layers: Any, x: Any) -> Any:
    return layers.Conv2DTranspose(4, 3, strides=2, padding="valid")(x)


@pattern
def upsample_nearest_conv(layers: Any, x: Any) -> Any:
    return layers.Conv2D(5, 3, padding="same")(layers.UpSampling2D(2)(x))


@pattern
def upsample_bilinear_conv(layers: Any, x: Any) -> Any:
    return layers.Conv2D(4, 1)(layers.UpSampling2D(2, interpolation="bilinear")(x))


@pattern
def upsample_bicubic_conv(layers: Any, x: Any) -> Any:
    return layers.Conv2D(4, 1)(layers.UpSampling2D(2, interpolation="bicubic")(x))


@pattern
def residual_identity(layers: Any, x: Any) -> Any:
    y = layers.ReLU()(layers.Conv2D(x.shape[-1], 3, padding="same")(x))
    return layers.Add()([x, layers.BatchNormalization()(layers.Conv2D(x.shape[-1], 3, padding="same")(y))])


@pattern
def residual_projection(layers: Any, x: Any) -> Any:
    y = layers.ReLU()(layers.Conv2D(6, 3, strides=2, padding="same")(x))
    return layers.Add()([layers.Conv2D(6, 1, strides=2)(x), layers.Conv2D(6, 3, padding="same")(y)])


@pattern
def skip_concatenate(layers: Any, x: Any) -> Any:
    low = layers.ReLU()(layers.Conv2D(6, 3, padding="same")(layers.AveragePooling2D(2)(x)))
    up = layers.Conv2DTranspose(4, 2, strides=2, activation="relu")(low)
    return layers.Conv2D(5, 3, padding="same")(layers.Concatenate()([up, x]))


@pattern
def subtract_and_average(layers: Any, x: Any) -> Any:
    a, b = (layers.ReLU()(layers.Conv2D(4, 1)(x)) for _ in range(2))
    return layers.Average()([layers.Subtract()([a, b]), a])


@pattern
def flatten_dense(layers: Any, x: Any) -> Any:
    return layers.Dense(7)(layers.Flatten()(layers.Conv2D(2, 3, strides=3)(x)))


@pattern
def global_pool_dense(layers: Any, x: Any) -> Any:
    return layers.Dense(7)(layers.GlobalAveragePooling2D()(x))


@pattern
def dropout_and_identity(layers: Any, x: Any) -> Any:
    return layers.Identity()(layers.Dropout(0.5)(layers.SpatialDropout2D(0.5)(layers.Conv2D(3, 1)(x))))


@pattern
def bottleneck_projection(layers: Any, x: Any) -> Any:
    y = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(3, 1)(x)))
    y = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(3, 3, strides=2, padding="same")(y)))
    return layers.Add()([layers.Conv2D(6, 1, strides=2)(x), layers.BatchNormalization()(layers.Conv2D(6, 1)(y))])


@pattern
def preactivation(layers: Any, x: Any) -> Any:
    for _ in range(2):
        y = layers.Conv2D(3, 1)(layers.ReLU()(layers.BatchNormalization()(x)))
        x = layers.Add()([x, layers.Conv2D(4, 3, padding="same")(layers.ReLU()(layers.BatchNormalization()(y)))])
    return layers.BatchNormalization()(x)


@pattern
def inverted_residual(layers: Any, x: Any) -> Any:
    for _ in range(2):
        y = layers.ReLU(6.0)(layers.BatchNormalization()(layers.Conv2D(8, 1)(x)))
        y = layers.ReLU(1.0)(layers.DepthwiseConv2D(3, padding="same")(y))
        x = layers.Add()([x, layers.BatchNormalization()(layers.Conv2D(4, 1)(y))])
    return layers.Conv2D(8, 1, activation="relu6")(x)


@pattern
def leaky_relus(layers: Any, x: Any) -> Any:
    x = layers.LeakyReLU(negative_slope=0.3)(layers.Conv2D(4, 3, padding="same")(x))
    x = layers.Conv2D(4, 3, activation="leaky_relu")(x)
    return layers.Conv2D(4, 1)(layers.ReLU(max_value=0.5, negative_slope=0.2)(x))


@pattern
def prelus(layers: Any, x: Any) -> Any:
    x = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(4, 3)(x))
    return layers.Dense(5)(layers.PReLU()(layers.Dense(6)(layers.Flatten()(layers.PReLU()(layers.Conv2D(2, 3)(x))))))


@pattern
def concatenated_preactivations(layers: Any, x: Any) -> Any:
    for _ in range(2):
        y = layers.Conv2D(3, 3, padding="same")(layers.ReLU()(layers.BatchNormalization()(x)))
        x = layers.Concatenate()([x, y])
    return layers.AveragePooling2D(2)(layers.Conv2D(4, 1)(layers.ReLU()(layers.BatchNormalization()(x))))


@pattern
def maxima(layers: Any, x: Any) -> Any:
    parts = [layers.Conv2D(3, 3, padding="same")(x) for _ in range(3)]
    return layers.Conv2D(4, 1)(layers.Minimum()([layers.Maximum()(parts), parts[0]]))


@pattern
def channels_shuffled(layers: Any, x: Any) -> Any:
    rows, columns, channels = x.shape[1:]
    y = layers.Reshape((rows, columns, 2, channels // 2))(layers.Conv2D(channels, 3, groups=2, padding="same")(x))
    y = layers.Reshape((rows, columns, channels))(layers.Permute((1, 2, 4, 3))(y))
    return layers.Add()([x, layers.DepthwiseConv2D(3, padding="same")(y)])


@pattern
def pixels_shuffled(layers: Any, x: Any) -> Any:
    y = layers.ReLU()(layers.Conv2D(8, 2, strides=2)(x))
    rows, columns, channels = y.shape[1:]
    y = layers.Permute((1, 3, 2, 4, 5))(layers.Reshape((rows, columns, 2, 2, channels // 4))(y))
    return layers.Conv2D(3, 3, padding="same")(layers.Reshape((2 * rows, 2 * columns, channels // 4))(y))


@pattern
def channels_padded(layers: Any, x: Any) -> Any:
    y = layers.Permute((1, 3, 2))(layers.AveragePooling2D(2)(x))
    y = layers.Permute((1, 3, 2))(layers.ZeroPadding2D(((0, 0), (0, 2)))(y))
    return layers.Add()([y, layers.Conv2D(x.shape[-1] + 2, 3, strides=2, padding="same")(x)])


@pattern
def factorized_reduction(layers: Any, x: Any) -> Any:
    moved = layers.Cropping2D(((1, 0), (1, 0)))(layers.ZeroPadding2D(((0, 1), (0, 1)))(x))
    halves = [layers.Conv2D(3, 1)(layers.AveragePooling2D(1, 2)(each)) for each in (x, moved)]
    return layers.BatchNormalization()(layers.Concatenate()(halves))


@pattern
def image_added(layers: Any, x: Any) -> Any:
    y = layers.Add()([layers.Conv2D(5, 3, padding="same")(x), layers.Conv2D(5, 1)(scaled_image(layers, x))])
    return layers.Add()([y, layers.Conv2D(5, 1)(layers.ReLU()(y))])


@pattern
def image_concatenated(layers: Any, x: Any) -> Any:
    return layers.Conv2D(5, 3, padding="same")(layers.Concatenate()([x, scaled_image(layers, x)]))


def scaled_image(layers: Any, x: Any) -> Any:
    """The input of the model that tensor ``x`` is in, from -1 to 1."""
    while parents := x._keras_history.operation._inbound_nodes[0].parent_nodes:
        x = parents[0].outputs[0]
    return layers.Rescaling(1 / 127.5, offset=-1)(x)


def model_with(name: str, size: int = 10, channels: int = 4, seed: int = 0) -> Any:
    """image -> normalization -> conv -> ReLU -> the pattern -> ReLU -> a head; random weights and statistics."""
    keras = load_keras3()
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    image = keras.Input((size, size, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(image)
    x = layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
    x = layers.Activation("relu")(PATTERNS[name](layers, x))
    vector = len(x.shape) == 2
    head = layers.Dense(3, activation="softmax") if vector else layers.Conv2D(1, 1, activation="sigmoid")
    return randomized(keras.Model(image, head(x)), seed)


def randomized(model: Any, seed: int = 0) -> Any:
    """``model`` with weights of its layers' usual size but random biases and batch-norm statistics too."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if hasattr(layer, "layers"):
            randomized(layer, seed)
        elif type(layer).__name__ == "PReLU":
            layer.set_weights([rng.uniform(-0.2, 0.5, w.shape) for w in layer.get_weights()])
        elif type(layer).__name__ == "BatchNormalization":
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
        elif getattr(layer, "use_bias", False):
            *kernels, bias = layer.get_weights()
            layer.set_weights([*kernels, rng.normal(0, 0.2, bias.shape)])
    return model


def images_for(model: Any, which: int = 0, count: int = 2) -> Any:
    """Random 8-bit images of the shape of the model's input number ``which``, float32."""
    shape = (count, *(int(n) for n in model.inputs[which].shape[1:]))
    return np.random.default_rng(1 + which).integers(0, 256, shape).astype(np.float32)


def lowered(model: Any) -> Network:
    """The network of a flat tf-keras model, in units of its activations."""
    cut = cut_at_relus(model)
    return lower(cut.segments, cut.shapes)
