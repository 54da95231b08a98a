"""Bars that move over a small sensor, up, down, left or right: which of these is to be learnt; and networks for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convert.network import Network, Neuron
from convert.spiking.architecture import spiking_architecture
from convert.upstream.tensorflow import load_keras3

STEPS, SHAPE, CLASSES = 8, (8, 8, 2), 4
LEAKY = Neuron(floor=-2.0, leak=0.25)


def write_bars(path: Path, recordings: int, seed: int = 0) -> Path:
    """A .npz of events in steps: what the bar leaves and what it reaches, and a few of noise."""
    rng = np.random.default_rng(seed)
    labels = np.arange(recordings) % CLASSES
    x = (rng.random((recordings, STEPS, *SHAPE)) < 0.02).astype(np.uint8)
    for k, label in enumerate(labels):
        start = int(rng.integers(0, SHAPE[0]))
        for t in range(STEPS):
            place = (start + (t if label % 2 else -t)) % SHAPE[0]
            for channel, line in ((0, place), (1, (place + (1 if label % 2 else -1)) % SHAPE[0])):
                if label < 2:
                    x[k, t, line, :, channel] = 1
                else:
                    x[k, t, :, line, channel] = 1
    np.savez(path, x=x, y=labels)
    return path


def write_architecture(path: Path, *, seed: int = 0, bias: bool = False) -> Path:
    """Two convolutions, a residual sum, and a layer of one number for each class."""
    keras = load_keras3()
    keras.utils.set_random_seed(seed)
    layers, image = keras.layers, keras.Input(SHAPE)

    def filtered(x, channels, strides):
        return layers.Conv2D(channels, 3, strides=strides, padding="same", use_bias=bias)(x)

    first = layers.ReLU(name="first")(filtered(image, 8, 2))
    second = layers.ReLU(name="second")(filtered(first, 8, 1))
    third = layers.ReLU(name="third")(layers.Add()([filtered(second, 8, 1), first]))
    model = keras.Model(image, layers.Dense(CLASSES, activation="softmax", name="classes")(layers.Flatten()(third)))
    if bias:
        for layer in model.layers:
            layer.set_weights([w + 0.1 for w in layer.get_weights()])
    model.save(path)
    return path


def network(folder: Path, neuron: Neuron = LEAKY) -> Network:
    return spiking_architecture(write_architecture(folder / "bars.keras"), neuron, STEPS)
