"""U-Nets of the original form: 'valid' convolutions in pairs, cropped skips, an output smaller than the input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Crop = Callable[[Any, Any, int], Any]
"""From Keras' layers, a skip and the pixels to leave out at each side to the cropped skip."""


def cropped(layers: Any, skip: Any, pixels: int) -> Any:
    return layers.Cropping2D(pixels)(skip)


def sliced(layers: Any, skip: Any, pixels: int) -> Any:
    return skip[:, pixels:-pixels, pixels:-pixels, :]


def valid_unet(
    keras: Any, size: int, filters: Sequence[int], *, crop: Crop = cropped, pooling: str = "AveragePooling2D"
) -> Any:
    """An untrained one for grey images of ``size`` x ``size``, two classes, ``filters`` from the top to the bottom."""
    layers = keras.layers

    def pair(x: Any, channels: int) -> Any:
        for _ in range(2):
            x = layers.Conv2D(channels, 3, activation="relu", kernel_initializer="he_normal")(x)
        return x

    image = keras.Input((size, size, 1))
    x, skips = layers.Rescaling(1 / 255)(image), []
    for channels in filters[:-1]:
        x = pair(x, channels)
        skips.append(x)
        x = getattr(layers, pooling)(2)(x)
    x = pair(x, filters[-1])
    for channels, skip in zip(reversed(filters[:-1]), reversed(skips), strict=True):
        x = layers.Conv2DTranspose(channels, 2, strides=2)(x)
        margin = (skip.shape[1] - x.shape[1]) // 2
        x = pair(layers.Concatenate()([crop(layers, skip, margin), x]), channels)
    return keras.Model(image, layers.Conv2D(2, 1, activation="softmax")(x))
