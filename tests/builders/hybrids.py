"""Models whose last layers only the host can run, and what they are made from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convert.upstream.types import Model, Module

SIZE = 8


def gated(keras: Module, *, skip: bool = False, nested: bool = False) -> Model:
    """Two ReLU layers, 'first' and 'second'; from 'up' on attention, a normalization and an image of numbers.

    With ``skip`` a path leads from 'first' past 'second'; ``nested``: all from 'up' on is one model called 'host'.
    """
    keras.utils.set_random_seed(1)
    layers = keras.layers
    image = keras.Input((SIZE, SIZE, 1))
    first = layers.Conv2D(3, 3, padding="same", activation="relu", bias_initializer="ones", name="first")(image)
    second = layers.Conv2D(4, 3, padding="same", activation="relu", name="second")(first)
    given = keras.Input((SIZE, SIZE, 4)) if nested else second
    up = layers.Conv2D(4, 3, padding="same", name="up")(given)
    gate = layers.Dense(4, activation="sigmoid", name="gate")(layers.GlobalAveragePooling2D()(up))
    x = layers.Multiply(name="attention")([up, layers.Reshape((1, 1, 4))(gate)])
    x = layers.LayerNormalization(name="norm")(x)
    if skip:
        x = layers.Concatenate(name="joined")([x, first])
    output = layers.Conv2D(1, 1, activation="sigmoid", name="image")(x)
    if nested:
        output = keras.Model(given, output, name="host")(second)
    return keras.Model(image, output)


def hybrid_data(folder: Path, images: int = 8) -> Path:
    """Images and what is to be made of them, in ``folder``/data.npz."""
    rng = np.random.default_rng(2)
    x = rng.random((images, SIZE, SIZE, 1), np.float32)
    np.savez(folder / "data.npz", x=x, y=np.clip(1 - x, 0, 1))
    return folder / "data.npz"
