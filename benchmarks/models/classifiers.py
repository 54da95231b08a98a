"""Published classifiers of other forms that are linear layers and ReLUs, small: to be converted."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from .blocks import (
    Tensor,
    classes,
    conv,
    conv_relu,
    image_input,
)
from .recipe import Model, recipe

KERAS_IO = "keras.io example"


@recipe(f"{KERAS_IO}: simple MNIST convnet")
def mnist_convnet() -> Model:
    image = image_input(28, 1)
    x = image
    for filters in (32, 64):
        x = layers.MaxPooling2D()(layers.Conv2D(filters, 3, activation="relu")(x))
    x = layers.Dropout(0.5)(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


@recipe(f"{KERAS_IO}: image classification from scratch (cats and dogs)")
def cats_and_dogs() -> Model:
    image = image_input()
    x = layers.Rescaling(1 / 255)(image)
    x = before = conv_relu(x, 16, 3, 2)
    for filters in (32, 48):
        for _ in range(2):
            x = layers.Activation("relu")(x)
            x = layers.BatchNormalization()(layers.SeparableConv2D(filters, 3, padding="same")(x))
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        x = before = layers.add([x, layers.Conv2D(filters, 1, strides=2, padding="same")(before)])
    x = layers.Activation("relu")(layers.BatchNormalization()(layers.SeparableConv2D(64, 3, padding="same")(x)))
    x = layers.Dropout(0.25)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, layers.Dense(1, activation="sigmoid")(x))


@recipe("Szegedy et al. 2015, GoogLeNet with one auxiliary output")
def googlenet() -> Model:
    def inception(x: Tensor, n: int) -> Tensor:
        pooled = layers.MaxPooling2D(3, 1, padding="same")(x)
        parts = [
            layers.Conv2D(n, 1, activation="relu")(x),
            layers.Conv2D(n, 3, padding="same", activation="relu")(layers.Conv2D(n, 1, activation="relu")(x)),
            layers.Conv2D(n, 5, padding="same", activation="relu")(layers.Conv2D(n // 2, 1, activation="relu")(x)),
            layers.Conv2D(n, 1, activation="relu")(pooled),
        ]
        return layers.Concatenate()(parts)

    image = image_input()
    x = layers.MaxPooling2D(3, 2, padding="same")(layers.Conv2D(16, 5, padding="same", activation="relu")(image))
    x = inception(x, 8)
    side = layers.Flatten()(layers.Conv2D(8, 1, activation="relu")(layers.AveragePooling2D(5, 3)(x)))
    side = layers.Dense(10, activation="softmax")(layers.Dense(32, activation="relu")(side))
    x = inception(layers.MaxPooling2D(3, 2, padding="same")(x), 12)
    return keras.Model(image, [classes(x), side])


@recipe("Springenberg et al. 2015, All-CNN-C")
def all_cnn() -> Model:
    image = image_input()
    x: Tensor = layers.Dropout(0.2)(image)
    for filters, stride in ((16, 1), (16, 2), (24, 1), (24, 2), (24, 1)):
        x = layers.Conv2D(filters, 3, stride, padding="same", activation="relu")(x)
    x = layers.Conv2D(10, 1, activation="relu")(layers.Conv2D(24, 1, activation="relu")(x))
    return keras.Model(image, layers.Softmax()(layers.GlobalAveragePooling2D()(x)))


@recipe("Chen et al. 2019, octave convolution")
def octave_convolution() -> Model:
    image = image_input()
    high: Tensor = conv_relu(image, 8)
    low: Tensor = conv_relu(layers.AveragePooling2D(2)(high), 8)
    for _ in range(2):
        across = layers.UpSampling2D()(layers.Conv2D(8, 3, padding="same")(low))
        down = layers.Conv2D(8, 3, padding="same")(layers.AveragePooling2D(2)(high))
        high = layers.Add()([layers.Conv2D(8, 3, padding="same")(high), across])
        low = layers.Add()([layers.Conv2D(8, 3, padding="same")(low), down])
        high, low = layers.ReLU()(high), layers.ReLU()(low)
    return keras.Model(image, classes(layers.Concatenate()([layers.AveragePooling2D(2)(high), low])))


@recipe("Trockman and Kolter 2022, ConvMixer with ReLU")
def convmixer_relu() -> Model:
    image = image_input()
    x = layers.BatchNormalization()(layers.Conv2D(24, 2, 2, activation="relu")(image))
    for _ in range(3):
        y = layers.BatchNormalization()(layers.DepthwiseConv2D(5, padding="same", activation="relu")(x))
        x = layers.Add()([y, x])
        x = layers.BatchNormalization()(layers.Conv2D(24, 1, activation="relu")(x))
    return keras.Model(image, classes(x))


@recipe("LeCun et al. 1998, LeNet-5 with ReLU")
def lenet_relu() -> Model:
    stack = [
        layers.Conv2D(6, 5, padding="same", activation="relu"),
        layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, activation="relu"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(120, activation="relu"),
        layers.Dense(84, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
    return keras.Sequential([image_input(28, 1), *stack])


@recipe("Krizhevsky et al. 2012, AlexNet without response normalization")
def alexnet() -> Model:
    image = image_input(48)
    x = layers.MaxPooling2D(3, 2)(layers.Conv2D(16, 11, 2, activation="relu")(image))
    x = layers.Conv2D(24, 5, padding="same", groups=2, activation="relu")(x)
    x = layers.MaxPooling2D(3, 2)(layers.Conv2D(24, 3, padding="same", activation="relu")(x))
    x = layers.Dropout(0.5)(layers.Dense(64, activation="relu")(layers.Flatten()(x)))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


@recipe("Liu et al. 2018, CoordConv")
def coord_conv() -> Model:
    image = image_input()
    places = np.linspace(-1, 1, 32, dtype=np.float32)
    one = ops.zeros_like(image[..., :1])
    x = layers.Concatenate()([image, one + places.reshape(1, 32, 1, 1), one + places.reshape(1, 1, 32, 1)])
    return keras.Model(image, classes(conv_relu(conv_relu(x, 8, 3, 2), 16, 3, 2)))


@recipe("Goodfellow et al. 2013, maxout of three convolutions")
def maxout() -> Model:
    image = image_input()
    x: Tensor = image
    for filters in (8, 12):
        x = layers.Maximum()([layers.Conv2D(filters, 3, padding="same")(x) for _ in range(3)])
        x = layers.AveragePooling2D(2)(x)
    return keras.Model(image, classes(x))


@recipe("Shang et al. 2016, CReLU")
def crelu() -> Model:
    image = image_input()
    x: Tensor = image
    for filters in (8, 12):
        x = conv(x, filters, 3, 2)
        x = layers.ReLU()(layers.Concatenate()([x, -x]))
    return keras.Model(image, classes(x))


@recipe("Zhang et al. 2019, BlurPool: a fixed binomial kernel after each maximum of two pixels")
def blur_pool() -> Model:
    image = image_input()
    x: Tensor = image
    kernel = np.outer([1, 2, 1], [1, 2, 1]) / 16
    for filters in (8, 12):
        x = conv_relu(x, filters)
        x = layers.Maximum()([x[:, :, :-1, :], x[:, :, 1:, :]])
        blur = layers.DepthwiseConv2D(3, 2, use_bias=False, trainable=False)
        blur.build(x.shape)
        blur.set_weights([np.repeat(kernel[:, :, None, None], filters, axis=2)])
        x = blur(layers.ZeroPadding2D(((1, 1), (1, 2)))(x))
    return keras.Model(image, classes(x))
