"""The memory of ``deploy-model`` on a segmentation at 512 x 512 with 16 readouts, for few and for many images.

``python -m benchmarks.memory.deploy FOLDER [IMAGES ...]`` (100 and 1,000 without) makes a network of random weights and
the images in FOLDER, and prints for each number of images the peak of memory and the CPU time of the command. Images
take 2 MB each on the disk while a run lasts, 16 readouts or not.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from benchmarks.memory.measured import measured

SIZE, FILTERS, STEPS, READOUTS = 512, 4, 32, 16


def main(folder: Path, counts: list[int]) -> None:
    bundle = prepared(folder)
    for count in counts:
        data = made_images(folder / f"images{count}", count)
        deploy = ["deploy-model", bundle, "--data", data, "--every", STEPS // READOUTS, "--no-measure", "--force"]
        found = measured(*deploy, "--name", f"of{count}")
        print(f"{count} images: peak {found.peak_bytes / 2**20:,.0f} MiB, {found.cpu_s:,.0f} CPU s", flush=True)


def prepared(folder: Path) -> Path:
    """The bundle of a network of random weights, partitioned."""
    bundle = folder / "net.bundle"
    if not (bundle / "partition.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        model = folder / "net.keras"
        measured(sys.executable, "-m", "benchmarks.memory.deploy", "--model", model)
        data = made_images(folder / "images4", 4)
        short = ["--timesteps", STEPS, "--calibration-images", 2, "--force"]
        for command in (
            ["convert-model", model, "--data", data, "-o", bundle, *short],
            ["partition-model", bundle, "--seconds", 5, "--force"],
        ):
            found = measured(*command)
            print(f"{command[0]}: peak {found.peak_bytes / 2**20:,.0f} MiB, {found.cpu_s:,.0f} CPU s", flush=True)
    return bundle


def save_model(path: Path) -> None:
    from convert.upstream.tensorflow import load_keras3

    keras = load_keras3()
    keras.utils.set_random_seed(0)
    layers = keras.layers
    image = keras.Input((SIZE, SIZE, 1))
    x = layers.Conv2D(FILTERS, 3, padding="same", activation="relu")(layers.Rescaling(1 / 255)(image))
    x = layers.Conv2D(FILTERS, 3, padding="same", activation="relu")(x)
    keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(x)).save(path)


def made_images(folder: Path, count: int) -> Path:
    """``count`` images of noise with labels of noise, smooth so that the labels have few components."""
    from PIL import Image
    from scipy.ndimage import zoom

    if folder.exists() and len(list((folder / "label").iterdir())) == count:
        return folder
    rng = np.random.default_rng(0)
    for name in ("image", "label"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for i in range(count):
        image = np.clip(zoom(rng.integers(0, 256, (16, 16)).astype(np.float32), SIZE // 16, order=1), 0, 255)
        Image.fromarray(image.astype(np.uint8)).save(folder / "image" / f"{i}.png")
        Image.fromarray((image > 128).astype(np.uint8)).save(folder / "label" / f"{i}.png")
    return folder


if __name__ == "__main__":
    if sys.argv[1] == "--model":
        save_model(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]), [int(count) for count in sys.argv[2:]] or [100, 1000])
