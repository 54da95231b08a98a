"""Architectures that are trained from scratch on recordings of event sensors."""

from __future__ import annotations

from pathlib import Path

from convert.upstream.tensorflow import load_keras3


def nmnist(path: Path, seed: int) -> None:
    """Three convolutions of 34 x 34 pixels and two polarities, read out on the host; weights by ``seed``."""
    keras = load_keras3()
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    filters = [
        layers.Conv2D(channels, size, strides=2, padding="same", activation="relu", use_bias=False)
        for channels, size in ((12, 5), (24, 3), (48, 3))
    ]
    keras.Sequential([keras.Input((34, 34, 2)), *filters, layers.Flatten(), layers.Dense(10)]).save(path)


TAXELS, BINS, OBJECTS, HIDDEN = 39, 50, 36, 192


VIEWS = {"time": 2 * TAXELS, "location": 2 * BINS}
"""What each view has in a step."""


def tactile(path: Path, seed: int) -> None:
    """A branch over time and one over location, two layers each; the host adds what both say."""
    _branches(path, seed, ("time", "location"))


def tactile_time(path: Path, seed: int) -> None:
    """The branch over time alone."""
    _branches(path, seed, ("time",))


def tactile_location(path: Path, seed: int) -> None:
    """The branch over location alone."""
    _branches(path, seed, ("location",))


def _branches(path: Path, seed: int, views: tuple[str, ...]) -> None:
    keras = load_keras3()
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    inputs = [keras.Input((VIEWS[view],), name=view) for view in views]
    said = []
    for view, x in zip(views, inputs, strict=True):
        for k in range(2):
            x = layers.Dense(HIDDEN, activation="relu", use_bias=False, name=f"{view}_{k + 1}")(x)
        said.append(layers.Dense(OBJECTS)(x))
    keras.Model(inputs, layers.Add(name="objects")(said) if len(said) > 1 else said[0]).save(path)
