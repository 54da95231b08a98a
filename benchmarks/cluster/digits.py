"""A small trained network and its data, for the benchmarks of this folder: scikit-learn's digits, 8 x 8, ten classes.

python -m benchmarks.cluster.digits FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from convert.upstream.tensorflow import load_keras3


def main(folder: Path) -> None:
    from sklearn.datasets import load_digits

    folder.mkdir(parents=True, exist_ok=True)
    keras = load_keras3()
    keras.utils.set_random_seed(0)
    digits = load_digits()
    x, y = (16 * digits.images[..., None]).clip(0, 255).astype(np.uint8), digits.target
    order = np.random.default_rng(0).permutation(len(x))
    train, test = order[:1200], order[1200:]
    layers = keras.layers
    image = keras.Input((8, 8, 1))
    z = layers.Conv2D(8, 3, padding="same", activation="relu")(layers.Rescaling(1 / 255)(image))
    z = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(z)
    z = layers.Conv2D(16, 3, padding="same", activation="relu")(z)
    model = keras.Model(image, layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(z)))
    model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[train], y[train], epochs=40, batch_size=64, verbose=0)
    print("test accuracy", model.evaluate(x[test], y[test], verbose=0)[1])
    model.save(folder / "digits.keras")
    for name, chosen in (("train", train), ("test", test)):
        np.savez(folder / f"{name}.npz", x=x[chosen], y=y[chosen])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
