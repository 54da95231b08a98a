"""How unet_em.keras was made: a plain Keras 3 U-Net, trained as a textbook would (about a minute on two cores).

python train.py
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from keras import layers
from make_data import micrograph

SIZE = 32
CHANNELS = (8, 16)
TRAINING_IMAGES = 3000
HERE = Path(__file__).parent


def conv(x: keras.KerasTensor, channels: int, name: str) -> keras.KerasTensor:
    """Convolution, batch norm, ReLU."""
    x = layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
    return layers.ReLU(name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_bn")(x))


def unet() -> keras.Model:
    """Two levels with average pooling, a transposed convolution and a skip connection."""
    image = keras.Input((SIZE, SIZE, 1), name="image")
    x = layers.Rescaling(1 / 255, name="rescale")(image)
    skip = conv(conv(x, CHANNELS[0], "down_a"), CHANNELS[0], "down_b")
    x = layers.AveragePooling2D(2, name="pool")(skip)
    x = conv(conv(x, CHANNELS[1], "bridge_a"), CHANNELS[1], "bridge_b")
    x = layers.Conv2DTranspose(CHANNELS[0], 2, strides=2, activation="relu", name="up")(x)
    x = layers.Concatenate(name="skip")([x, skip])
    x = conv(x, CHANNELS[0], "up_a")
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid", name="cell")(x), name="unet_em")


def main() -> None:
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(12345)
    pairs = [micrograph(SIZE, rng) for _ in range(TRAINING_IMAGES)]
    images = np.stack([p[0] for p in pairs])[..., None].astype("float32")
    labels = np.stack([p[1] for p in pairs])[..., None] > 0
    model = unet()
    model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy", metrics=["accuracy"])
    model.fit(images, labels, batch_size=16, epochs=10, validation_split=0.1, verbose=2)
    model.save(HERE / "unet_em.keras")


if __name__ == "__main__":
    main()
