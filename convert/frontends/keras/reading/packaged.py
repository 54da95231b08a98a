"""Layers that only keras.applications has, as plain ones."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import numpy as np

from convert.frontends.keras.rewrite import Call
from convert.upstream.types import Config, Layer, Module, Tensor

PACKAGED = {"CustomScaleLayer": "inception_resnet_v2", "LayerScale": "convnext", "StochasticDepth": "convnext"}
"""The layers, and the file of each."""

APPLICATIONS = ".applications."
"""In the names of the modules of either Keras that have these files."""


def is_packaged(entry: Config) -> bool:
    """Whether what a file says of a layer means one of these; of its class it may say the name alone."""
    return entry["class_name"] in PACKAGED and APPLICATIONS in (entry.get("module", APPLICATIONS) or "")


def classes_of(package: str) -> dict[str, type]:
    """The layers' own classes in ``package``, keras or tf_keras, by their names, by which no Keras finds them."""
    return {name: getattr(import_module(f"{package}.src.applications.{file}"), name) for name, file in PACKAGED.items()}


def packaged(old: Layer) -> Callable[[Module, Layer, str], Call] | None:
    """What makes plain layers, by a name, that do what ``old`` does; None if ``old`` is no such layer."""
    return _BUILDERS.get(type(old).__name__) if APPLICATIONS in type(old).__module__ else None


def _scaled_sum(keras: Module, old: Layer, name: str) -> Call:
    """a + scale * b, as InceptionResNetV2 adds its blocks."""
    scaled = keras.layers.Rescaling(float(old.scale), name=f"{name}_scaled")
    add = keras.layers.Add(name=name)

    def call(tensors: Tensor) -> Tensor:
        return add([tensors[0], scaled(tensors[1])])

    return call


def _scaled_channels(keras: Module, old: Layer, name: str) -> Call:
    """Each channel times a number, as in ConvNeXt."""
    factors = np.asarray(old.get_weights()[0], np.float64)
    layer: Call = keras.layers.Rescaling(factors.tolist(), name=name)
    return layer


_BUILDERS: dict[str, Callable[[Module, Layer, str], Call]] = {
    "CustomScaleLayer": _scaled_sum,
    "LayerScale": _scaled_channels,
    "StochasticDepth": lambda keras, old, name: lambda inputs: inputs,
}
