"""The original U-Net's form, trained shortly: 'valid' convolutions, cropped skips, output smaller than the input.

    python benchmarks/accuracy/valid_unet.py EM_TRAIN unet_valid.keras
    convert-model unet_valid.keras --data EM_TRAIN -o valid.bundle --max-pooling average --calibration-images 16
    partition-model valid.bundle
    deploy-model valid.bundle --data EM_TEST --no-measure

EM_TRAIN and EM_TEST have image/ and label/. It goes on from the file where it stopped. Source: Ronneberger, Fischer and
Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", 2015; three poolings: 188 pixels give 100.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from convert.data.folders import read_pixels
from convert.upstream.tensorflow import load_keras3

SIZE, MARGIN, FILTERS, CLASSES = 188, 44, (16, 32, 64, 128), 2
STEPS, BATCH, SAVE_EVERY, LEARNING_RATE = 2_600, 4, 200, 1e-3

keras = load_keras3()
layers = keras.layers


def twice(x: Any, filters: int) -> Any:
    for _ in range(2):
        x = layers.Conv2D(filters, 3, activation="relu", kernel_initializer="he_normal")(x)
    return x


def original_unet() -> Any:
    """``SIZE`` pixels to ``SIZE`` - 2 ``MARGIN``."""
    image = keras.Input((SIZE, SIZE, 1))
    x, skips = layers.Rescaling(1 / 255)(image), []
    for filters in FILTERS[:-1]:
        x = twice(x, filters)
        skips.append(x)
        x = layers.MaxPooling2D(2)(x)
    x = twice(x, FILTERS[-1])
    for filters, skip in zip(FILTERS[-2::-1], skips[::-1], strict=True):
        x = layers.Conv2DTranspose(filters, 2, strides=2)(x)
        surplus = skip.shape[1] - x.shape[1]
        cropped = layers.Cropping2D((surplus // 2, surplus - surplus // 2))(skip)
        x = twice(layers.Concatenate()([cropped, x]), filters)
    return keras.Model(image, layers.Conv2D(CLASSES, 1, activation="softmax")(x))


def batch(slices: list[tuple[Any, Any]], rng: np.random.Generator) -> tuple[Any, Any]:
    """Random crops, turned, mirrored, of other contrast and brightness; labels where the output is."""
    images, labels = [], []
    for _ in range(BATCH):
        image, label = slices[rng.integers(len(slices))]
        row, column = rng.integers(0, image.shape[0] - SIZE + 1, 2)
        part = np.s_[row : row + SIZE, column : column + SIZE]
        turns, mirrored = int(rng.integers(4)), rng.random() < 0.5
        image, label = (np.rot90(a[part], turns) for a in (image, label))
        image, label = (a[:, ::-1] if mirrored else a for a in (image, label))
        images.append(np.clip(image * rng.uniform(0.85, 1.15) + rng.uniform(-15, 15), 0, 255))
        labels.append(label[MARGIN:-MARGIN, MARGIN:-MARGIN])
    return np.stack(images)[..., None].astype(np.float32), np.stack(labels)


def main(data: Path, path: Path) -> None:
    files = sorted((data / "image").iterdir())
    labels = {f.name: read_pixels(data / "label" / f.name) > 127 for f in files}
    slices = [tuple(np.pad(a, MARGIN, mode="reflect") for a in (read_pixels(f), labels[f.name])) for f in files]
    keras.utils.set_random_seed(0)
    model = keras.models.load_model(path) if path.exists() else original_unet()
    if not path.exists():
        model.compile(keras.optimizers.Adam(LEARNING_RATE), "sparse_categorical_crossentropy", metrics=["accuracy"])
    for step in range(int(model.optimizer.iterations), STEPS):
        model.optimizer.learning_rate = LEARNING_RATE * (0.51 + 0.5 * np.cos(np.pi * step / STEPS))
        loss, accuracy = model.train_on_batch(*batch(slices, np.random.default_rng(step)))
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == STEPS:
            print(f"step {step + 1}: loss {float(loss):.4f}, accuracy {float(accuracy):.4f}", flush=True)
            model.save(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
