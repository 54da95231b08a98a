"""Layers with weights that nobody trains: a choice of channels, a choice of pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convert.upstream.types import Layer, Module


def channels(keras: Module, matrix: NDArray[np.float64], name: str) -> Layer:
    """A convolution of one pixel that makes of each pixel's channels those times ``matrix`` (channels, new ones)."""
    pick = keras.layers.Conv2D(matrix.shape[1], 1, use_bias=False, trainable=False, name=name)
    pick.build((None, 1, 1, matrix.shape[0]))
    pick.set_weights([matrix[None, None]])
    return pick


def pixels(keras: Module, strides: tuple[int, int], name: str) -> Layer:
    """Every so many rows and columns, from the first on."""
    return keras.layers.AveragePooling2D(1, strides, name=name)
