"""CIFAR-10 as class folders, and classifiers trained on it by the recipe that papers use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from convert.data.folders import read_pixels
from convert.errors import UserError

from .recipe import Given, there

CIFAR10 = "a folder with train/CLASS/*.jpg (or .png) and test/CLASS/*.jpg of CIFAR-10"
SEED, BATCH, RATE, MOMENTUM, DECAY, SHIFT = 0, 128, 0.1, 0.9, 1e-4, 4
"""Source: He et al., "Deep Residual Learning for Image Recognition", 2016, section 4.2; the rate falls as a cosine."""


def cifar10_folders(given: Given) -> tuple[Path, Path]:
    """The folders of training and test images."""
    assert given.data is not None
    folder = there(given.data, "train", "test", what=CIFAR10)
    return folder / "train", folder / "test"


def trained_on_cifar10(architecture: Callable[[Path], Path], path: Path, folder: Path, epochs: int) -> Path:
    """The model at ``path``, trained if it is not there; a training that was killed goes on by whole epochs."""
    from convert.upstream.tensorflow import load_keras3

    if path.exists():
        return path
    keras = load_keras3()
    keras.utils.set_random_seed(SEED)
    model = keras.models.load_model(architecture(path.with_name("untrained")))
    images, classes = read_classes(folder)
    steps = len(images) // BATCH
    rate = keras.optimizers.schedules.CosineDecay(RATE, epochs * steps)
    optimizer = keras.optimizers.SGD(rate, momentum=MOMENTUM, nesterov=True, weight_decay=DECAY)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    keep = keras.callbacks.BackupAndRestore(path.with_name("training"))
    model.fit(batches(images, classes), steps_per_epoch=steps, epochs=epochs, callbacks=[keep], verbose=2)
    model.save(path)
    return path


def read_classes(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, rows, columns, 3) and classes (n,), of folders of classes in alphabetical order."""
    kinds = sorted(kind for kind in folder.iterdir() if kind.is_dir())
    files = [(file, k) for k, kind in enumerate(kinds) for file in sorted(kind.iterdir())]
    if not files:
        raise UserError(f"{folder} has no folders of images; give {CIFAR10}")
    return np.stack([read_pixels(file) for file, _ in files]), np.array([k for _, k in files])


def batches(images: np.ndarray, classes: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches without end: each image moved by up to ``SHIFT`` pixels, half of them mirrored."""
    rng = np.random.default_rng(SEED)
    rows, columns = images.shape[1:3]
    while True:
        chosen = rng.integers(len(images), size=BATCH)
        padded = np.pad(images[chosen], ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)))
        moved = np.empty((BATCH, *images.shape[1:]), np.float32)
        for i, (row, column, mirrored) in enumerate(
            zip(*rng.integers(0, (2 * SHIFT + 1, 2 * SHIFT + 1, 2), (BATCH, 3)).T, strict=True)
        ):
            part = padded[i, row : row + rows, column : column + columns]
            moved[i] = part[:, ::-1] if mirrored else part
        yield moved, classes[chosen]
