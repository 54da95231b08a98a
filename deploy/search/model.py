"""An architecture as a Keras model; layers have the same name in every model that has them at the same place."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

from convert.upstream.tensorflow import load_keras3
from convert.upstream.types import Initializer, Model, Tensor

from .space import Architecture

STEM, RELU = "stem", "_relu"
"""Of names: the first convolution, and what ends that of every layer that fires."""


@dataclass(frozen=True)
class Setting:
    """What all models take and give: images of ``shape``, their numbers at most ``largest``; so many ``classes``."""

    shape: tuple[int, int, int]
    largest: float
    classes: int


def build(architecture: Architecture, setting: Setting) -> Model:
    """The Keras 3 model of ``architecture``; its new weights depend on the names of its layers alone."""
    keras = load_keras3()
    layers = keras.layers
    image = keras.Input(setting.shape, name="image")
    x = _convolved(layers.Rescaling(1 / setting.largest, name="scaled")(image), STEM, architecture.width, 3)
    x = layers.ReLU(name=STEM + RELU)(x)
    for place, block in enumerate(architecture.blocks):
        if block != "none":
            x = _block(x, architecture, place)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    new = _weights("classes")
    output = layers.Dense(setting.classes, "softmax", kernel_initializer=new, name="classes")(x)
    return keras.Model(image, output)


def _block(x: Tensor, architecture: Architecture, place: int) -> Tensor:
    """The block at ``place``, which is not none."""
    layers = load_keras3().layers
    block, channels = architecture.blocks[place], architecture.channels(place)
    name, size, stride = f"{place}_{block}", int(block[-1]), 1
    if place in architecture.reductions:
        if architecture.pooling == "average":
            x = layers.AveragePooling2D(2, padding="same", name=f"{name}_pool")(x)
        else:
            stride = 2
    y = _convolved(x, f"{name}_first", channels, size, stride)
    if block.startswith("skip"):
        y = _convolved(layers.ReLU(name=f"{name}_inner{RELU}")(y), f"{name}_second", channels, size)
        if stride > 1 or x.shape[-1] != channels:
            x = _convolved(x, f"{name}_shortcut", channels, 1, stride)
        y = layers.Add(name=f"{name}_sum")([x, y])
    return layers.ReLU(name=name + RELU)(y)


def _convolved(x: Tensor, name: str, channels: int, size: int, stride: int = 1) -> Tensor:
    """A convolution, normalized."""
    layers = load_keras3().layers
    new = _weights(name)
    y = layers.Conv2D(channels, size, stride, "same", use_bias=False, kernel_initializer=new, name=name)(x)
    return layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(y)


def _weights(name: str) -> Initializer:
    """New weights of the layer ``name``, by a seed of its own: in a cluster's worker others draw from Python's."""
    return load_keras3().initializers.HeNormal(seed=crc32(name.encode()))
