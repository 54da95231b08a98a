"""Fine-tuning gives the same weights on any number of processors."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from convert.upstream.tensorflow import load_keras3


def small(folder):
    """Two convolutions and a dense layer, whose fine-tuning takes no time."""
    keras = load_keras3()
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(8, 3, activation="relu")(keras.layers.Conv2D(8, 3, activation="relu")(image))
    x = keras.layers.Flatten()(x)
    keras.Model(image, keras.layers.Dense(3, activation="softmax")(x)).save(folder / "small.keras")
    return folder / "small.keras"


@pytest.mark.slow
def test_fine_tuning_does_not_depend_on_threads(tiny, tmp_path):
    found, model = set(), small(tmp_path)
    for threads in ("1", "3"):
        bundle = tmp_path / f"{threads}.bundle"
        arguments = [model, "--data", tiny / "data.npz", "-o", bundle, "--fine-tune", "1", "--timesteps", "16"]
        subprocess.run(
            [sys.executable, "-c", "from convert.cli import main; main()", *map(str, arguments)],
            env=os.environ | {"TF_NUM_INTRAOP_THREADS": threads, "PYTHONHASHSEED": threads},
            check=True,
            capture_output=True,
        )
        found.add(hashlib.sha256((bundle / "model.keras").read_bytes()).hexdigest())
    assert len(found) == 1
