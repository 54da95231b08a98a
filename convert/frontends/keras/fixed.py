"""Layers with weights that nobody trains: a choice of channels, a choice of pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convert.frontends.keras.either import fixed
from convert.upstream.types import Layer, Module


def channels(keras: Module, matrix: NDArray[np.float64], name: str) -> Layer:
    """A convolution of one pixel that makes of each pixel's channels those times ``matrix`` (channels, new ones)."""
    return fixed(keras, "Conv2D", matrix[None, None], name)


def pixels(keras: Module, strides: tuple[int, int], name: str) -> Layer:
    """Every so many rows and columns, from the first on."""
    return keras.layers.AveragePooling2D(pool_size=1, strides=strides, name=name)
