"""Architectures that are trained from scratch on recordings of event sensors."""

from __future__ import annotations

from pathlib import Path

from convert.upstream.tensorflow import load_keras3

SEED = 0
"""Of the weights that a training starts from."""


def nmnist(path: Path) -> None:
    """Three convolutions of 34 x 34 pixels and two polarities, read out on the host."""
    keras = load_keras3()
    keras.utils.set_random_seed(SEED)
    layers = keras.layers
    filters = [
        layers.Conv2D(channels, size, strides=2, padding="same", activation="relu", use_bias=False)
        for channels, size in ((12, 5), (24, 3), (48, 3))
    ]
    keras.Sequential([keras.Input((34, 34, 2)), *filters, layers.Flatten(), layers.Dense(10)]).save(path)


TAXELS, BINS, OBJECTS, HIDDEN = 39, 50, 36, 192


def tactile(path: Path) -> None:
    """A branch over time and one over location, two layers each; the host adds what both say."""
    keras = load_keras3()
    keras.utils.set_random_seed(SEED)
    layers = keras.layers
    inputs = [keras.Input((2 * TAXELS,), name="time"), keras.Input((2 * BINS,), name="location")]
    said = []
    for x in inputs:
        for k in range(2):
            x = layers.Dense(HIDDEN, activation="relu", use_bias=False, name=f"{inputs[len(said)].name}_{k + 1}")(x)
        said.append(layers.Dense(OBJECTS)(x))
    keras.Model(inputs, layers.Add(name="objects")(said)).save(path)
