"""How long training a ResNet-20 would take here: ``python -m examples.zoo.epoch [BATCHES]``.

Trains on random images and prints processor seconds, of one core where OMP_NUM_THREADS is 1.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from time import process_time

import numpy as np

from convert.upstream.tensorflow import load_keras3

from .cifar import BATCH, MOMENTUM, RATE
from .recipes.resnet20 import EPOCHS, architecture

IMAGES = 50_000


def main(batches: int = 20) -> None:
    keras = load_keras3()
    with tempfile.TemporaryDirectory() as folder:
        model = keras.models.load_model(architecture(Path(folder) / "resnet20"))
    model.compile(keras.optimizers.SGD(RATE, momentum=MOMENTUM, nesterov=True), "sparse_categorical_crossentropy")
    x, y = np.random.default_rng(0).uniform(0, 255, (BATCH, 32, 32, 3)), np.zeros(BATCH)
    model.train_on_batch(x, y)  # compiles
    begun_s = process_time()
    for _ in range(batches):
        model.train_on_batch(x, y)
    epoch_s = (process_time() - begun_s) / batches * (IMAGES // BATCH)
    print(f"an epoch: {epoch_s:.0f} processor seconds; {EPOCHS}: {epoch_s * EPOCHS / 3600:.1f} hours")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
