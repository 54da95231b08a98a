"""What many published models are made of: convolution, normalization and activation in the usual orders."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

Tensor = Any


def image_input(side: int = 32, channels: int = 3) -> Tensor:
    return keras.Input((side, side, channels))


def upsampled(x: Tensor, factor: int = 2, interpolation: str = "nearest") -> Tensor:
    return layers.UpSampling2D(factor, interpolation=interpolation)(x)


def conv(x: Tensor, filters: int, size: int | tuple[int, int] = 3, stride: int = 1, **options: Any) -> Tensor:
    """A convolution without bias and padded with zeros, then batch normalization."""
    x = layers.Conv2D(filters, size, stride, padding="same", use_bias=False, **options)(x)
    return layers.BatchNormalization()(x)


def conv_relu(x: Tensor, filters: int, size: int | tuple[int, int] = 3, stride: int = 1, **options: Any) -> Tensor:
    return layers.ReLU()(conv(x, filters, size, stride, **options))


def conv_leaky(x: Tensor, filters: int, size: int = 3, stride: int = 1) -> Tensor:
    return layers.LeakyReLU(negative_slope=0.1)(conv(x, filters, size, stride))


def relu_conv(x: Tensor, filters: int, size: int = 3, stride: int = 1) -> Tensor:
    """Pre-activation: batch normalization, ReLU, convolution."""
    x = layers.ReLU()(layers.BatchNormalization()(x))
    return layers.Conv2D(filters, size, stride, padding="same")(x)


def depthwise_relu(x: Tensor, size: int = 3, stride: int = 1, cap: float | None = None) -> Tensor:
    x = layers.DepthwiseConv2D(size, stride, padding="same", use_bias=False)(x)
    return layers.ReLU(cap)(layers.BatchNormalization()(x))


def inverted_residual(x: Tensor, filters: int, expansion: int, size: int = 3, stride: int = 1) -> Tensor:
    """Of MobileNetV2: wider, depthwise, narrower without activation; the input added where the shapes are equal."""
    y = layers.ReLU(6.0)(conv(x, expansion * x.shape[-1], 1))
    y = conv(depthwise_relu(y, size, stride, cap=6.0), filters, 1)
    return layers.Add()([x, y]) if stride == 1 and x.shape[-1] == filters else y


def residual(x: Tensor, filters: int, stride: int = 1, groups: int = 1) -> Tensor:
    """Of ResNet: two convolutions and a shortcut, projected where the shapes differ."""
    y = conv(conv_relu(x, filters, 3, stride, groups=groups), filters, groups=groups)
    if stride > 1 or x.shape[-1] != filters:
        x = conv(x, filters, 1, stride)
    return layers.ReLU()(layers.Add()([x, y]))


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """Channels of all groups in turn."""
    rows, columns, channels = x.shape[1:]
    x = layers.Reshape((rows, columns, groups, channels // groups))(x)
    x = layers.Permute((1, 2, 4, 3))(x)
    return layers.Reshape((rows, columns, channels))(x)


def pixel_shuffle(x: Tensor, factor: int) -> Tensor:
    """Blocks of channels laid out as pixels (depth to space)."""
    rows, columns, channels = x.shape[1:]
    x = layers.Reshape((rows, columns, factor, factor, channels // factor**2))(x)
    x = layers.Permute((1, 3, 2, 4, 5))(x)
    return layers.Reshape((rows * factor, columns * factor, channels // factor**2))(x)


def classes(x: Tensor, count: int = 10) -> Tensor:
    """Mean over all pixels, then a softmax."""
    return layers.Dense(count, activation="softmax")(layers.GlobalAveragePooling2D()(x))


def class_map(x: Tensor, count: int = 4, size: int = 1) -> Tensor:
    return layers.Conv2D(count, size, padding="same", activation="softmax")(x)
