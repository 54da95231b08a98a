"""Models of many kinds, of random weights, with data for them: what memory and time are foreseen for and measured on.

``python -m benchmarks.memory.subjects NAME FOLDER`` writes model.keras and data.npz of one of them into FOLDER.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convert.upstream.tensorflow import load_keras3

Model = Any
SHARED = Path(os.environ.get("SHARED_MODELS") or Path(__file__).parents[3] / "shared" / "models")


@dataclass(frozen=True)
class Subject:
    """A model, made or from a file, the number of images, and the number of classes (0: the images themselves)."""

    make: Callable[[], Model] | str
    images: int
    classes: int


def layers() -> Any:
    return load_keras3().layers


def resnet(size: int, widths: tuple[int, ...], blocks: int, classes: int = 10) -> Model:
    keras, of = load_keras3(), layers()
    image = keras.Input((size, size, 3))
    x = of.ReLU()(of.BatchNormalization()(of.Conv2D(widths[0], 3, padding="same")(of.Rescaling(1 / 255)(image))))
    for i, width in enumerate(widths):
        for block in range(blocks):
            strides = 2 if i and not block else 1
            y = of.ReLU()(of.Conv2D(width, 3, strides=strides, padding="same")(x))
            y = of.Conv2D(width, 3, padding="same")(y)
            short = x if x.shape[1:] == y.shape[1:] else of.Conv2D(width, 1, strides=strides)(x)
            x = of.ReLU()(of.Add()([short, y]))
    return keras.Model(image, of.Dense(classes, activation="softmax")(of.GlobalAveragePooling2D(2)(x)))


def unet(size: int, width: int, depth: int, outputs: int = 1) -> Model:
    keras, of = load_keras3(), layers()
    image = keras.Input((size, size, 1))
    x, skips = of.Rescaling(1 / 255)(image), []

    def pair(x: Any, filters: int) -> Any:
        for _ in range(2):
            x = of.Conv2D(filters, 3, padding="same", activation="relu")(x)
        return x

    for level in range(depth):
        x = pair(x, width << level)
        skips.append(x)
        x = of.AveragePooling2D(2)(x)
    x = pair(x, width << depth)
    for level in reversed(range(depth)):
        x = of.Conv2DTranspose(width << level, 2, strides=2, padding="same")(x)
        x = pair(of.Concatenate()([skips[level], x]), width << level)
    activation = "sigmoid" if outputs == 1 else "softmax"
    return keras.Model(image, of.Conv2D(outputs, 1, activation=activation)(x))


def flat_map(size: int, filters: int) -> Model:
    keras, of = load_keras3(), layers()
    image = keras.Input((size, size, 1))
    x = of.Conv2D(filters, 3, padding="same", activation="relu")(of.Rescaling(1 / 255)(image))
    x = of.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return keras.Model(image, of.Conv2D(1, 1, activation="sigmoid")(x))


def dense(sizes: tuple[int, ...], outputs: int, activation: str) -> Model:
    keras, of = load_keras3(), layers()
    values = keras.Input((sizes[0],))
    x = values
    for size in sizes[1:]:
        x = of.Dense(size, activation="relu")(x)
    return keras.Model(values, of.Dense(outputs, activation=activation)(x))


def sequence(steps: int, channels: int) -> Model:
    keras, of = load_keras3(), layers()
    signal = keras.Input((steps, channels))
    x = signal
    for width in (16, 32, 32):
        x = of.AveragePooling1D(2)(of.Conv1D(width, 5, padding="same", activation="relu")(x))
    return keras.Model(signal, of.Dense(4, activation="softmax")(of.GlobalAveragePooling1D()(x)))


def separable(size: int) -> Model:
    keras, of = load_keras3(), layers()
    image = keras.Input((size, size, 3))
    x = of.Conv2D(8, 3, strides=2, padding="same", activation="relu")(of.Rescaling(1 / 255)(image))
    for width, strides in ((16, 1), (32, 2), (32, 1), (64, 2)):
        x = of.DepthwiseConv2D(3, strides=strides, padding="same", activation="relu")(x)
        x = of.Conv2D(width, 1, activation="relu")(x)
    return keras.Model(image, of.Dense(2, activation="softmax")(of.GlobalAveragePooling2D(2)(x)))


def flattened(size: int) -> Model:
    keras, of = load_keras3(), layers()
    image = keras.Input((size, size, 3))
    x = of.Rescaling(1 / 255)(image)
    for width in (16, 32):
        x = of.AveragePooling2D(2)(of.Conv2D(width, 3, padding="same", activation="relu")(x))
    x = of.Dense(256, activation="relu")(of.Flatten()(x))
    return keras.Model(image, of.Dense(10, activation="softmax")(x))


SUBJECTS = {
    "perceptron": Subject(lambda: dense((784, 256, 128), 10, "softmax"), 256, 10),
    "autoencoder": Subject(lambda: dense((640, 128, 128, 8, 128, 128), 640, "linear"), 256, 0),
    "sequence": Subject(lambda: sequence(512, 4), 256, 4),
    "resnet-8": Subject(lambda: resnet(32, (8, 16, 32), 1), 256, 10),
    "resnet-20 (shared)": Subject("resnet20_cifar10.keras", 256, 10),
    "resnet, wide": Subject(lambda: resnet(64, (32, 64), 1), 128, 10),
    "separable": Subject(lambda: separable(96), 128, 2),
    "flattened": Subject(lambda: flattened(32), 256, 10),
    "u-net 64": Subject(lambda: unet(64, 8, 3), 16, 2),
    "u-net 128": Subject(lambda: unet(128, 8, 2), 8, 2),
    "u-net 256": Subject(lambda: unet(256, 8, 2), 4, 2),
    "u-net 256, 5 classes": Subject(lambda: unet(256, 4, 3, 5), 4, 5),
    "u-net (shared)": Subject("unet_isbi.keras", 4, 2),
    "map 512": Subject(lambda: flat_map(512, 4), 4, 2),
}


def write(name: str, folder: Path) -> None:
    """The model and the data of one subject."""
    subject, keras = SUBJECTS[name], load_keras3()
    keras.utils.set_random_seed(0)
    path = folder / "model.keras"
    if isinstance(subject.make, str):
        shutil.copy(SHARED / subject.make, path)
        model = keras.models.load_model(path, compile=False)
    else:
        model = subject.make()
        model.save(path)
    shape, made = model.inputs[0].shape[1:], model.outputs[0].shape[1:]
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (subject.images, *shape), np.uint8)
    if len(shape) != 3:
        x = rng.random((subject.images, *shape), np.float32)
    arrays = {"x": x}
    if subject.classes:
        arrays["y"] = rng.integers(0, subject.classes, (subject.images, *(made[:2] if len(made) == 3 else ())))
        arrays["y"] = arrays["y"].astype(np.uint8)
    np.savez(folder / "data.npz", **arrays)


if __name__ == "__main__":
    write(sys.argv[1], Path(sys.argv[2]))
