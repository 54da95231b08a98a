"""The U-Net of keras.io's pets example (Xception blocks), at 64 x 64 pixels, on electron micrographs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from convert.data.folders import read_pixels

from ..em import EM, em_folders
from ..keras_file import saved
from ..recipe import Files, Given, Recipe

SIDE, FILTERS, BORDER, SEED = 64, (16, 32, 48), 3.0, 0
MEMBRANE, CELL, EDGE = 0, 1, 2
STEPS, BATCH, RATE = 800, 16, 2e-3

Pair = tuple[NDArray[Any], NDArray[Any]]
"""Images and labels."""


def architecture(path: Path) -> Path:
    """Source: keras.io, "Image segmentation with a U-Net-like architecture", there 160 x 160 and 32 to 256 filters."""
    from benchmarks.models.maps import xception_unet

    return saved(xception_unet(SIDE, FILTERS, classes=3), path)


def slices(folder: Path) -> list[Pair]:
    """Images in three equal channels, and labels as the pets have them: what it is, what not, and its border."""
    found = []
    for file in sorted((folder / "image").iterdir()):
        cell = read_pixels(folder / "label" / file.name) > 127
        label = np.where(cell, np.where(distance_transform_edt(cell) <= BORDER, EDGE, CELL), MEMBRANE)
        found.append((read_pixels(file)[..., None].repeat(3, axis=-1), label.astype(np.uint8)))
    return found


def crops(found: list[Pair], count: int, rng: np.random.Generator) -> Pair:
    """``count`` random crops, turned and mirrored."""
    images, labels = [], []
    for _ in range(count):
        image, label = found[rng.integers(len(found))]
        row, column = rng.integers(0, image.shape[0] - SIDE + 1, 2)
        part = np.s_[row : row + SIDE, column : column + SIDE]
        turns, step = int(rng.integers(4)), int(rng.choice((-1, 1)))
        images.append(np.rot90(image[part], turns)[:, ::step])
        labels.append(np.rot90(label[part], turns)[:, ::step])
    return np.stack(images), np.stack(labels)


def train(found: list[Pair], path: Path) -> None:
    """The model at ``path``; cross-entropy, Adam, a cosine."""
    from convert.upstream.tensorflow import load_keras3

    keras = load_keras3()
    keras.utils.set_random_seed(SEED)
    model = keras.models.load_model(architecture(path.with_name("untrained")))
    rate = keras.optimizers.schedules.CosineDecay(RATE, STEPS)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(SEED)
    batches = (tuple(map(np.float32, crops(found, BATCH, rng))) for _ in range(STEPS))
    model.fit(batches, steps_per_epoch=STEPS, epochs=1, verbose=2)
    model.save(path)


def prepare(given: Given) -> Files:
    train_folder, test_folder = em_folders(given)
    model = given.model or given.out / "unet_pets.keras"
    if not model.exists():
        train(slices(train_folder), model)
    for name, folder, count in (("train", train_folder, 128), ("test", test_folder, 100)):
        x, y = crops(slices(folder), count, np.random.default_rng(SEED + 1))
        np.savez(given.out / f"{name}.npz", x=x, y=y)
    return Files(model, given.out / "train.npz", given.out / "test.npz")


RECIPE = Recipe(
    name="unet_pets",
    title="U-Net of the pets example, 64 x 64",
    source="keras.io's example (Xception blocks), there 160 x 160 and 32 to 256 filters, here 16 to 48; "
    "trained by the recipe",
    trained=f"ISBI 2012, 18 slices, {STEPS:,} batches of {BATCH} crops",
    data="stand-in: no pets, but crops of ISBI 2012 slices that were not trained on: cell, its border, membrane",
    architecture=architecture,
    prepare=prepare,
    takes_model="a file that this recipe trained (without one it is trained: minutes)",
    takes_data=EM,
    options={"convert-model": "--max-pooling average"},
)
