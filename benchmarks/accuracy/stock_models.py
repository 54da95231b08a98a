"""CIFAR-10 and the small CNNs that stock NengoDL and NengoLoihi can put on Loihi: no bias before a ReLU but in Dense.

The layout is that of NengoLoihi's own CIFAR-10 example, smaller: a 1x1 convolution to spikes on the host, three strided
or plain 3x3 convolutions and a Dense layer on the chip, and a linear Dense layer on the host.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from convert.data.dataset import open_data
from convert.upstream.tensorflow import load_tensorflow, load_tf_keras

CLASSES = 10
SPIKING = ("to_spikes", "conv0", "conv1", "conv2", "dense0")
BLOCKS = {"conv0": (8, 8, 16), "conv1": (7, 7, 8), "conv2": (6, 6, 12), "dense0": (50,)}
"""Neurons on a core as rows, columns, channels, in the manner of NengoLoihi's CIFAR-10 example."""
RATE_HZ, RATE_WEIGHT = 150.0, 1e-3
"""Largest rate on the chip that training aims at, and the weight of that aim. Source: NengoLoihi's CIFAR-10 example."""
DT_S = 0.001


def archived(folder: Path, archive: Path, images: int | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of a folder scaled to [-1, 1] and their classes, all or evenly drawn, kept in the file ``archive``."""
    if not archive.exists():
        dataset = open_data(folder, input_shape=(32, 32, 3), target_shape=(CLASSES,))
        count = images or len(dataset)
        chosen = np.random.default_rng(seed).permutation(np.arange(count) * len(dataset) // count).tolist()
        x = np.stack([np.asarray(dataset.image(i), np.float32) for i in chosen]) / np.float32(127.5) - np.float32(1)
        archive.parent.mkdir(parents=True, exist_ok=True)
        np.savez(archive, x=x, y=np.array([dataset.label(i) for i in chosen]))
    with np.load(archive) as data:
        return data["x"], data["y"]


def cnn(activation: Callable[[Any], Any] | str = "relu") -> Any:
    """The network; its output are logits."""
    layers = load_tf_keras().layers
    image = layers.Input((32, 32, 3), name="image")
    x = layers.Conv2D(4, 1, activation=activation, use_bias=False, name="to_spikes")(image)
    x = layers.Conv2D(32, 3, strides=2, activation=activation, use_bias=False, name="conv0")(x)
    x = layers.Conv2D(48, 3, activation=activation, use_bias=False, name="conv1")(x)
    x = layers.Conv2D(64, 3, strides=2, activation=activation, use_bias=False, name="conv2")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(100, activation=activation, name="dense0")(x)
    return load_tf_keras().Model(image, layers.Dense(CLASSES, name="dense1")(x))


def staircase(x: Any) -> Any:
    """A Loihi neuron's rate at constant input as a share of RATE_HZ, with the gradient of its smooth middle.

    A neuron fires every ceil(1 / (rate dt)) steps. This is how the CIFAR-10 example trains: on the chip's own rates.
    """
    tf = load_tensorflow()
    rate = tf.maximum(tf.nn.relu(x) * RATE_HZ * DT_S, 1e-6)  # spikes per step
    middle = tf.nn.relu(x) / (1 + 0.5 * rate)
    steps = 1 / (RATE_HZ * DT_S * tf.math.ceil(1 / rate))
    return middle + tf.stop_gradient(tf.where(x > 0, steps, 0.0) - middle)


def hold_rates(model: Any) -> None:
    """Adds a loss where a neuron's largest activity in a batch (its 99.9th percentile) leaves the range aimed at.

    That is 0.5 to 1 on the chip, and up to 1 with ten times the weight in the layer on the host.
    """
    tf = load_tensorflow()
    for name in SPIKING:
        top = tf.reduce_max(model.get_layer(name).output, axis=0)
        low, weight = (0.0, 10 * RATE_WEIGHT) if name == SPIKING[0] else (0.5, RATE_WEIGHT)
        model.add_loss(weight * tf.nn.l2_loss(tf.maximum(0.0, low - top) + tf.maximum(0.0, top - 1.0)))


def trained(path: Path, train: tuple[np.ndarray, np.ndarray], *, for_loihi: bool, epochs: int, seed: int) -> Any:
    """The model in ``path``, trained first if it is not there: plainly, or on Loihi's rates and held in their range."""
    keras = load_tf_keras()
    if not path.exists():
        keras.utils.set_random_seed(seed)
        model = cnn(staircase if for_loihi else "relu")
        if for_loihi:
            hold_rates(model)
        (x, y), flips = train, np.random.default_rng(seed)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        for epoch in range(epochs):
            rate = 1e-3 if epoch < epochs - 2 else 3e-4 if epoch < epochs - 1 else 1e-4
            model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
            turned = np.where(flips.random(len(x))[:, None, None, None] < 0.5, x, x[:, :, ::-1])
            model.fit(turned, y, batch_size=128, verbose=2)
        plain = cnn()
        plain.set_weights(model.get_weights())
        plain.save(path)
    return keras.models.load_model(path, compile=False)
