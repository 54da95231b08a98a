"""Small Keras 3 models of vectors, sequences and numbers, with data that they are good at: saved as model and .npz."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from convert.upstream.tensorflow import load_keras3

Made = tuple[Any, dict[str, Any]]
"""A model and the arrays of its .npz."""


def perceptron() -> Made:
    """A vector of 12 numbers to 3 classes, those of the largest of three sums."""
    keras, rng = load_keras3(), np.random.default_rng(0)
    layers = keras.layers
    x = rng.normal(size=(160, 12)).astype(np.float32)
    y = np.stack([x[:, i::3].sum(axis=1) for i in range(3)]).argmax(axis=0)
    values = keras.Input((12,))
    h = layers.Dense(16, activation="relu", name="first")(values)
    h = layers.ReLU(name="second")(layers.BatchNormalization()(layers.Dense(16)(h)))
    model = keras.Model(values, layers.Dense(3, activation="softmax", name="head")(h))
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=12, verbose=0)
    return model, {"x": x[:64], "y": y[:64]}


def sequence_classifier() -> Made:
    """A signal of 32 steps with 2 channels to slow or fast."""
    keras, rng = load_keras3(), np.random.default_rng(1)
    layers = keras.layers
    y = rng.integers(0, 2, 128)
    t = np.arange(32) + rng.uniform(0, 9, (128, 1))
    x = np.stack([f(t * np.where(y, 1.2, 0.3)[:, None]) for f in (np.sin, np.cos)], axis=2).astype(np.float32)
    signal = keras.Input((32, 2))
    h = layers.Conv1D(6, 5, strides=2, padding="same", activation="relu", name="first")(signal)
    h = layers.SeparableConv1D(8, 3, padding="same", activation="relu", name="second")(h)
    h = layers.Conv1D(8, 3, activation="relu", name="third")(layers.AveragePooling1D(2)(h))
    model = keras.Model(signal, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling1D()(h)))
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=8, verbose=0)
    return model, {"x": x[:48], "y": y[:48]}


def autoencoder(size: int = 24, widths: tuple[int, ...] = (16, 4, 16)) -> Made:
    """Vectors that are mixtures of three patterns, given again; ``y`` marks those that are not, a third."""
    keras, rng = load_keras3(), np.random.default_rng(2)
    layers = keras.layers
    patterns = rng.normal(size=(3, size))
    normal = (rng.uniform(0, 1, (160, 3)) @ patterns).astype(np.float32)
    odd = rng.normal(0, 1, (16, size)).astype(np.float32)
    values = h = keras.Input((size,))
    for width in widths:
        h = layers.ReLU()(layers.BatchNormalization()(layers.Dense(width)(h)))
    model = keras.Model(values, layers.Dense(size)(h))
    model.compile(keras.optimizers.Adam(0.02), "mse")
    model.fit(normal, normal, epochs=30, verbose=0)
    return model, {"x": np.concatenate([normal[:32], odd]), "y": np.repeat([0, 1], [32, 16])}


def angle() -> Made:
    """An image of 8 x 8 to one number between -1 and 1: where its bright column is."""
    keras, rng = load_keras3(), np.random.default_rng(3)
    layers = keras.layers
    at = rng.integers(0, 8, 128)
    x = rng.normal(0, 0.1, (128, 8, 8, 1)).astype(np.float32)
    x[np.arange(128), :, at] += 1
    y = (at / 3.5 - 1).astype(np.float32)
    image = keras.Input((8, 8, 1))
    h = layers.Conv2D(4, 3, activation="relu")(image)
    h = layers.Flatten()(layers.Conv2D(4, 3, activation="relu")(h))
    model = keras.Model(image, layers.Dense(1, activation="tanh")(h))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    model.fit(x, y, epochs=12, verbose=0)
    return model, {"x": x[:48], "y": y[:48]}


def image_autoencoder() -> Made:
    """Images of 8 x 8 given again, numbers between 0 and 1."""
    keras, rng = load_keras3(), np.random.default_rng(4)
    layers = keras.layers
    x = rng.random((24, 8, 8, 1)).astype(np.float32)
    image = keras.Input((8, 8, 1))
    h = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu")(image)
    h = layers.Conv2DTranspose(6, 3, strides=2, padding="same", activation="relu")(h)
    return keras.Model(image, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(h)), {"x": x, "y": x}


MODELS: dict[str, Callable[[], Made]] = {
    made.__name__: made for made in (perceptron, sequence_classifier, autoencoder, angle, image_autoencoder)
}


def save(name: str, folder: Path) -> Path:
    """Writes NAME.keras and NAME.npz into ``folder``, the same each time; returns the path without its ending."""
    load_keras3().utils.set_random_seed(0)
    model, arrays = MODELS[name]()
    model.save(folder / f"{name}.keras")
    np.savez(folder / f"{name}.npz", **arrays)
    return folder / name
