"""Published models that make images of images, small: linear layers and ReLUs, to be converted."""

from __future__ import annotations

import keras
from keras import layers, ops

from .blocks import (
    Tensor,
    class_map,
    conv,
    conv_relu,
    image_input,
    pixel_shuffle,
    upsampled,
)
from .recipe import Model, recipe

KERAS_IO = "keras.io example"


@recipe(f"{KERAS_IO}: convolutional autoencoder for image denoising")
def denoising_autoencoder() -> Model:
    image = image_input(28, 1)
    x: Tensor = image
    for _ in range(2):
        x = layers.Conv2D(32, 3, activation="relu", padding="same")(x)
        x = layers.MaxPooling2D(2, padding="same")(x)
    for _ in range(2):
        x = layers.Conv2DTranspose(32, 3, strides=2, activation="relu", padding="same")(x)
    return keras.Model(image, layers.Conv2D(1, 3, activation="sigmoid", padding="same")(x))


@recipe(f"{KERAS_IO}: ESPCN's layers (pixel shuffle), brought back to the size of the image")
def espcn_same_size() -> Model:
    image = image_input(32, 1)
    x = layers.Conv2D(16, 5, 2, padding="same", activation="relu")(image)
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    return keras.Model(image, layers.Activation("sigmoid")(pixel_shuffle(x, 2)))


@recipe("Shi et al. 2016, pixel shuffle by ops.reshape and ops.transpose")
def pixel_shuffle_ops() -> Model:
    image = image_input(32, 1)
    x = conv_relu(conv_relu(image, 12, 5, 2), 12)
    x = layers.Conv2D(16, 3, padding="same")(x)
    x = ops.transpose(ops.reshape(x, (-1, 16, 16, 2, 2, 4)), (0, 1, 3, 2, 4, 5))
    x = layers.ReLU()(ops.reshape(x, (-1, 32, 32, 4)))
    return keras.Model(image, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x))


@recipe("Ledig et al. 2017, SRResNet: PReLU, pixel shuffle, one long shortcut")
def srresnet() -> Model:
    def prelu(x: Tensor) -> Tensor:
        return layers.PReLU(shared_axes=[1, 2])(x)

    image = image_input()
    x = first = prelu(layers.Conv2D(12, 9, 2, padding="same")(image))
    for _ in range(3):
        x = layers.Add()([x, conv(prelu(conv(x, 12)), 12)])
    x = layers.Add()([first, conv(x, 12)])
    x = prelu(pixel_shuffle(layers.Conv2D(24, 3, padding="same")(x), 2))
    return keras.Model(image, layers.Conv2D(3, 9, padding="same", activation="sigmoid")(x))


@recipe("Lim et al. 2017, EDSR: residual blocks scaled by a number")
def edsr() -> Model:
    image = image_input()
    x = first = layers.Conv2D(12, 3, 2, padding="same", activation="relu")(layers.Rescaling(1 / 255)(image))
    for _ in range(3):
        y = layers.Conv2D(12, 3, padding="same")(layers.Conv2D(12, 3, padding="same", activation="relu")(x))
        x = layers.Add()([x, 0.1 * y])
    x = layers.Add()([first, layers.Conv2D(12, 3, padding="same")(x)])
    x = pixel_shuffle(layers.Conv2D(48, 3, padding="same")(x), 2)
    return keras.Model(image, layers.Conv2D(3, 3, padding="same", activation="sigmoid")(x))


@recipe("Mao et al. 2016, RED-Net")
def red_net() -> Model:
    image = image_input(32, 1)
    x, skips = image, []
    for i in range(4):
        x = layers.Conv2D(12, 3, padding="same", activation="relu")(x)
        if i % 2 == 0:
            skips.append(x)
    for skip in reversed(skips):
        x = layers.ReLU()(layers.Conv2DTranspose(12, 3, padding="same")(x))
        x = layers.ReLU()(layers.Add()([layers.Conv2DTranspose(12, 3, padding="same")(x), skip]))
    return keras.Model(image, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x))


@recipe("Isola et al. 2017, pix2pix's generator with a sigmoid in place of tanh")
def pix2pix_sigmoid() -> Model:
    image = image_input()
    x, skips = image, []
    for filters in (8, 16, 24):
        x = layers.Conv2D(filters, 4, strides=2, padding="same", use_bias=False)(x)
        x = layers.LeakyReLU(negative_slope=0.2)(layers.BatchNormalization()(x) if skips else x)
        skips.append(x)
    for filters, skip in ((16, skips[1]), (8, skips[0])):
        x = layers.BatchNormalization()(layers.Conv2DTranspose(filters, 4, 2, padding="same", use_bias=False)(x))
        x = layers.Concatenate()([layers.ReLU()(layers.Dropout(0.5)(x)), skip])
    return keras.Model(image, layers.Conv2DTranspose(3, 4, strides=2, padding="same", activation="sigmoid")(x))


@recipe("Kim et al. 2016 and many U-Nets for restoration: the image added at the output")
def global_residual_unet() -> Model:
    image = image_input(32, 1)
    skip = conv_relu(image, 8)
    x = conv_relu(conv_relu(skip, 16, 3, 2), 16)
    x = conv_relu(layers.Concatenate()([upsampled(x), skip]), 8)
    x = layers.Conv2D(1, 3, padding="same")(x)
    return keras.Model(image, layers.Activation("sigmoid")(layers.Add()([layers.Rescaling(1 / 255)(image), x])))


@recipe("U-Net whose last layer sees the image again")
def unet_with_image_at_the_end() -> Model:
    image = image_input()
    skip = conv_relu(image, 8)
    x = conv_relu(layers.MaxPooling2D()(skip), 16)
    x = layers.Concatenate()([layers.Conv2DTranspose(8, 2, 2)(x), skip, image])
    return keras.Model(image, class_map(conv_relu(x, 8)))
