"""Random small Keras 3 models out of everything that converts."""

from __future__ import annotations

from typing import Any

import numpy as np

from convert.upstream.tensorflow import load_keras3
from tests.builders.keras_models import randomized

LARGEST = 14
"""Rows and columns; a layer that would make more is left out."""


def _same(layers: Any, x: Any, rng: Any) -> Any:
    """A convolution that keeps the shape."""
    return layers.Conv2D(x.shape[-1], int(rng.integers(1, 4)), padding="same")(x)


def _conv(layers: Any, x: Any, rng: Any) -> Any:
    kernel = tuple(int(k) for k in rng.integers(1, 8, 2))
    if rng.integers(2) or min(x.shape[1:3]) < 8:
        return layers.Conv2D(4, kernel, strides=int(rng.integers(1, 3)), padding="same")(x)
    return layers.Conv2D(4, kernel, padding="valid")(x)


def _dilated_groups(layers: Any, x: Any, rng: Any) -> Any:
    groups = 2 if x.shape[-1] % 2 == 0 else 1
    return layers.Conv2D(4, 3, dilation_rate=2, groups=groups, padding="same")(x)


def _transposed(layers: Any, x: Any, rng: Any) -> Any:
    padding = str(rng.choice(["same", "valid"]))
    return layers.Conv2DTranspose(3, int(rng.integers(1, 5)), strides=int(rng.integers(1, 3)), padding=padding)(x)


def _nested(layers: Any, x: Any, rng: Any) -> Any:
    keras = load_keras3()
    image = keras.Input(x.shape[1:])
    inner = keras.Model(image, layers.Add()([image, layers.BatchNormalization()(_same(layers, image, rng))]))
    return inner(inner(x))


def _sequential(layers: Any, x: Any, rng: Any) -> Any:
    return load_keras3().Sequential([layers.Conv2D(3, 3, padding="same"), layers.BatchNormalization()])(x)


LINEAR = {
    "conv": _conv,
    "dilated and groups": _dilated_groups,
    "transposed": _transposed,
    "depthwise": lambda layers, x, rng: layers.DepthwiseConv2D(3, strides=int(rng.integers(1, 3)), padding="same")(x),
    "separable": lambda layers, x, rng: layers.SeparableConv2D(4, 3, padding="same")(x),
    "batch norm": lambda layers, x, rng: layers.BatchNormalization()(x),
    "scaling": lambda layers, x, rng: layers.Rescaling(-0.5, 0.1)(x),
    "average pooling": lambda layers, x, rng: layers.AveragePooling2D(3, int(rng.integers(1, 3)), padding="same")(x),
    "max pooling": lambda layers, x, rng: layers.MaxPooling2D(2, padding="same")(x),
    "nearest": lambda layers, x, rng: layers.UpSampling2D(2)(x),
    "bilinear": lambda layers, x, rng: layers.UpSampling2D((1, 2), interpolation="bilinear")(x),
    "padding": lambda layers, x, rng: layers.ZeroPadding2D(((1, 0), (2, 1)))(x),
    "cropping": lambda layers, x, rng: layers.Cropping2D(((1, 0), (0, 1)))(x),
    "transposition": lambda layers, x, rng: layers.Permute((2, 1, 3))(x),
    "reshape": lambda layers, x, rng: layers.Reshape((x.shape[2], x.shape[1], x.shape[3]))(x),
    "dropout": lambda layers, x, rng: layers.Dropout(0.5)(layers.GaussianNoise(1.0)(x)),
    "identity shortcut": lambda layers, x, rng: layers.Add()(
        [x, _same(layers, layers.ReLU()(_same(layers, x, rng)), rng)]
    ),
    "projection shortcut": lambda layers, x, rng: layers.Add()(
        [layers.Conv2D(5, 1, strides=2)(x), layers.Conv2D(5, 3, strides=2, padding="same")(x)]
    ),
    "concatenation": lambda layers, x, rng: layers.Concatenate()([x, layers.ReLU()(_same(layers, x, rng))]),
    "differences": lambda layers, x, rng: layers.Average()([layers.Subtract()([x, _same(layers, x, rng)]), x]),
    "operations": lambda layers, x, rng: 1 - (x / 2 + _same(layers, x, rng)),
    "nested": _nested,
    "sequential": _sequential,
}
SPIKING = {
    "relu": lambda layers, x: layers.ReLU()(x),
    "activation": lambda layers, x: layers.Activation("relu")(x),
    "relu6": lambda layers, x: layers.Conv2D(3, 1, activation="relu6")(x),
    "capped": lambda layers, x: layers.ReLU(0.3)(x),
    "leaky": lambda layers, x: layers.LeakyReLU(0.3)(x),
    "leaky and capped": lambda layers, x: layers.ReLU(max_value=0.4, negative_slope=0.2)(x),
    "prelu": lambda layers, x: layers.PReLU(shared_axes=[1, 2])(x),
    "prelu by element": lambda layers, x: layers.PReLU()(x),
}
HEADS = {
    "dense": lambda layers, x: layers.Dense(3)(layers.Flatten()(x)),
    "softmax": lambda layers, x: layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(x)),
    "hidden": lambda layers, x: layers.Dense(2)(layers.Dense(5, activation="relu")(layers.Flatten()(x))),
    "map": lambda layers, x: layers.Conv2D(1, 1, activation="sigmoid")(x),
    "rates": lambda layers, x: layers.ReLU()(layers.Conv2D(2, 3, padding="same")(x)),
}


def random_model(seed: int, blocks: int = 4) -> Any:
    """image -> conv -> ReLU -> up to ``blocks`` x (linear layers -> something spiking) -> two outputs."""
    rng = np.random.default_rng(seed)
    keras = load_keras3()
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    image = keras.Input((int(rng.integers(6, 12)), int(rng.integers(6, 12)), int(rng.integers(1, 4))))
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(layers.Rescaling(1 / 127.5, offset=-1)(image))
    for _ in range(rng.integers(1, blocks + 1)):
        for name in rng.choice(list(LINEAR), rng.integers(1, 4)):
            y = LINEAR[name](layers, x, rng)
            if min(y.shape[1:3]) >= 3 and max(y.shape[1:3]) <= LARGEST:
                x = y
        x = SPIKING[rng.choice(list(SPIKING))](layers, x)
    heads = rng.choice(list(HEADS), 2, replace=False)
    return randomized(keras.Model(image, [HEADS[name](layers, x) for name in heads]), seed)
