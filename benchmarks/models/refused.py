"""Published models that multiply, compare or normalize activations: to be refused, every cause with its way out."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from .blocks import Tensor, class_map, classes, conv, conv_relu, image_input, residual
from .recipe import Model, recipe

KERAS_IO = "keras.io example"


def _squeezed(x: Tensor, activation: str = "sigmoid") -> Tensor:
    weights = layers.Dense(max(x.shape[-1] // 4, 2), activation="relu")(layers.GlobalAveragePooling2D()(x))
    weights = layers.Dense(x.shape[-1], activation=activation)(weights)
    return layers.Multiply()([x, layers.Reshape((1, 1, x.shape[-1]))(weights)])


@recipe("Hu et al. 2018, SENet")
def senet() -> Model:
    image = image_input()
    x = conv_relu(image, 8, 3, 2)
    for filters in (8, 16):
        y = _squeezed(conv(conv_relu(x, filters), filters))
        x = layers.ReLU()(layers.Add()([conv(x, filters, 1), y]))
    return keras.Model(image, classes(x))


@recipe("Woo et al. 2018, CBAM")
def cbam() -> Model:
    image = image_input()
    x = _squeezed(conv_relu(image, 8))
    pooled = [ops.mean(x, axis=-1, keepdims=True), ops.max(x, axis=-1, keepdims=True)]
    x = x * layers.Conv2D(1, 7, padding="same", activation="sigmoid")(layers.Concatenate()(pooled))
    return keras.Model(image, classes(conv_relu(x, 16)))


@recipe("Srivastava et al. 2015, highway network")
def highway() -> Model:
    image = image_input(28, 1)
    x = layers.Dense(32, activation="relu")(layers.Flatten()(image))
    for _ in range(2):
        gate = layers.Dense(32, activation="sigmoid")(x)
        x = gate * layers.Dense(32, activation="relu")(x) + (1 - gate) * x
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


@recipe(f"{KERAS_IO}: ConvMixer")
def convmixer() -> Model:
    image = image_input()
    x = layers.BatchNormalization()(
        layers.Activation("gelu")(layers.Conv2D(16, 2, 2)(layers.Rescaling(1 / 255)(image)))
    )
    for _ in range(2):
        y = layers.BatchNormalization()(layers.Activation("gelu")(layers.DepthwiseConv2D(5, padding="same")(x)))
        x = layers.BatchNormalization()(layers.Activation("gelu")(layers.Conv2D(16, 1)(layers.Add()([y, x]))))
    return keras.Model(image, classes(x))


@recipe("Dosovitskiy et al. 2021, ViT with layers of Keras alone")
def vision_transformer() -> Model:
    image = image_input()
    x = layers.Reshape((64, 16))(layers.Conv2D(16, 4, 4)(image))
    for _ in range(2):
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        x = layers.Add()([layers.MultiHeadAttention(2, 8)(y, y), x])
        y = layers.Dense(32, activation="gelu")(layers.LayerNormalization(epsilon=1e-6)(x))
        x = layers.Add()([layers.Dense(16)(y), x])
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


@recipe(f"{KERAS_IO}: compact convolutional transformer (CCT)")
def compact_transformer() -> Model:
    image = image_input()
    x: Tensor = image
    for filters in (8, 16):
        x = layers.MaxPooling2D(3, 2, padding="same")(
            layers.ZeroPadding2D(1)(layers.Conv2D(filters, 3, use_bias=False, activation="relu")(x))
        )
    x = layers.Reshape((-1, 16))(x)
    y = layers.LayerNormalization()(x)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 16)(y, y)])
    weights = layers.Softmax(axis=1)(layers.Dense(1)(x))
    x = ops.squeeze(ops.matmul(ops.transpose(weights, (0, 2, 1)), x), 1)
    return keras.Model(image, layers.Dense(10)(x))


@recipe("Tolstikhin et al. 2021, MLP-Mixer")
def mlp_mixer() -> Model:
    image = image_input()
    x = layers.Reshape((64, 16))(layers.Conv2D(16, 4, 4)(image))
    y = layers.Permute((2, 1))(layers.LayerNormalization()(x))
    y = layers.Dense(64)(layers.Dense(32, activation="gelu")(y))
    x = layers.Add()([x, layers.Permute((2, 1))(y)])
    return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))


@recipe(f"{KERAS_IO}: Siamese network with a contrastive loss")
def siamese() -> Model:
    tower_in = image_input(28, 1)
    x = layers.BatchNormalization()(tower_in)
    for filters in (4, 16):
        x = layers.AveragePooling2D(2)(layers.Conv2D(filters, 5, activation="tanh")(x))
    tower = keras.Model(tower_in, layers.Dense(10, activation="tanh")(layers.BatchNormalization()(layers.Flatten()(x))))
    left, right = image_input(28, 1), image_input(28, 1)
    square = ops.sum(ops.square(tower(left) - tower(right)), axis=1, keepdims=True)
    distance = ops.sqrt(ops.maximum(square, keras.config.epsilon()))
    return keras.Model([left, right], layers.Dense(1, activation="sigmoid")(layers.BatchNormalization()(distance)))


@recipe("Koch et al. 2015, Siamese network: sigmoid of the absolute difference")
def siamese_l1() -> Model:
    tower_in = image_input()
    x = layers.MaxPooling2D()(layers.Conv2D(8, 5, activation="relu")(tower_in))
    x = layers.MaxPooling2D()(layers.Conv2D(16, 3, activation="relu")(x))
    tower = keras.Model(tower_in, layers.Dense(32, activation="relu")(layers.Flatten()(x)))
    left, right = image_input(), image_input()
    difference = ops.abs(tower(left) - tower(right))
    return keras.Model([left, right], layers.Dense(1, activation="sigmoid")(difference))


@recipe(f"{KERAS_IO}: Zero-DCE for low-light image enhancement")
def zero_dce() -> Model:
    image = image_input()
    c: list[Any] = [image]
    for _ in range(4):
        c.append(layers.Conv2D(8, 3, activation="relu", padding="same")(c[-1]))
    for early in (3, 2):
        c.append(layers.Conv2D(8, 3, activation="relu", padding="same")(layers.Concatenate()([c[early], c[-1]])))
    curves = layers.Conv2D(24, 3, activation="tanh", padding="same")(layers.Concatenate()([c[1], c[-1]]))
    x: Tensor = image
    for i in range(0, 24, 3):
        x = x + curves[..., i : i + 3] * (ops.square(x) - x)
    return keras.Model(image, x)


@recipe(f"{KERAS_IO}: MIRNet's fusion of two scales and dual attention")
def mirnet() -> Model:
    image = image_input()
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(image)
    low = layers.UpSampling2D()(layers.Conv2D(8, 3, padding="same")(layers.MaxPooling2D()(x)))
    weights = layers.Dense(8, activation="softmax")(layers.GlobalAveragePooling2D(keepdims=True)(x + low))
    x = x * weights + low * layers.Dense(8, activation="softmax")(weights)
    spatial = [ops.max(x, axis=-1, keepdims=True), ops.mean(x, axis=-1, keepdims=True)]
    x = x * ops.sigmoid(layers.Conv2D(1, 1)(layers.Concatenate()(spatial)))
    return keras.Model(image, layers.Conv2D(3, 3, padding="same")(x))


@recipe(f"{KERAS_IO}: OCR for reading captchas: convolutions, then two LSTMs")
def captcha_ocr() -> Model:
    image = keras.Input((40, 20, 1))
    x = layers.MaxPooling2D()(layers.Conv2D(8, 3, activation="relu", padding="same")(image))
    x = layers.MaxPooling2D()(layers.Conv2D(16, 3, activation="relu", padding="same")(x))
    x = layers.Dropout(0.2)(layers.Dense(32, activation="relu")(layers.Reshape((10, 80))(x)))
    x = layers.Bidirectional(layers.LSTM(16, return_sequences=True))(x)
    return keras.Model(image, layers.Dense(12, activation="softmax")(x))


@recipe(f"{KERAS_IO}: image captioning, the encoder's rows of features")
def captioning_encoder() -> Model:
    image = image_input()
    x = residual(conv_relu(image, 8, 3, 2), 16, 2)
    x = layers.LayerNormalization()(layers.Reshape((-1, 16))(x))
    x = layers.Dense(16, activation="relu")(x)
    x = layers.LayerNormalization()(layers.Add()([x, layers.MultiHeadAttention(1, 16)(x, x)]))
    return keras.Model(image, x)


@recipe(f"{KERAS_IO}: ESPCN, the output three times as large as the image")
def espcn() -> Model:
    image = image_input(24, 1)
    x = layers.Conv2D(16, 5, padding="same", activation="relu")(image)
    x = layers.Conv2D(9, 3, padding="same", activation="relu")(
        layers.Conv2D(8, 3, padding="same", activation="relu")(x)
    )
    x = layers.Permute((1, 3, 2, 4))(layers.Reshape((24, 24, 3, 3))(x))
    return keras.Model(image, layers.Reshape((72, 72, 1))(x))


@recipe("Isola et al. 2017, pix2pix's generator")
def pix2pix() -> Model:
    image = image_input()
    x = first = layers.LeakyReLU(negative_slope=0.3)(layers.Conv2D(8, 4, 2, padding="same")(image))
    x = layers.LeakyReLU(negative_slope=0.3)(layers.BatchNormalization()(layers.Conv2D(16, 4, 2, padding="same")(x)))
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2DTranspose(8, 4, 2, padding="same")(x)))
    x = layers.Concatenate()([x, first])
    return keras.Model(image, layers.Conv2DTranspose(3, 4, 2, padding="same", activation="tanh")(x))


@recipe(f"{KERAS_IO}: CycleGAN's generator with group normalization in place of instance normalization")
def cyclegan_generator() -> Model:
    image = image_input()
    x = layers.ReLU()(layers.GroupNormalization(-1)(layers.Conv2D(8, 7, padding="same")(image)))
    y = layers.ReLU()(layers.GroupNormalization(-1)(layers.Conv2D(8, 3, padding="same")(x)))
    x = layers.Add()([x, layers.GroupNormalization(-1)(layers.Conv2D(8, 3, padding="same")(y))])
    return keras.Model(image, layers.Conv2D(3, 7, padding="same", activation="tanh")(x))


@recipe("Zhang et al. 2017, DnCNN: the noise subtracted from the image")
def dncnn() -> Model:
    image = image_input(32, 1)
    x = layers.Conv2D(12, 3, padding="same", activation="relu")(image)
    x = layers.Conv2D(1, 3, padding="same")(conv_relu(conv_relu(x, 12), 12))
    return keras.Model(image, layers.Subtract()([image, x]))


@recipe("Oktay et al. 2018, attention U-Net")
def attention_unet() -> Model:
    image = image_input()
    skip = conv_relu(image, 8)
    x = conv_relu(layers.MaxPooling2D()(skip), 16)
    x = layers.UpSampling2D()(x)
    gate = layers.Activation("relu")(layers.Add()([layers.Conv2D(8, 1)(x), layers.Conv2D(8, 1)(skip)]))
    gate = layers.Conv2D(1, 1, activation="sigmoid")(gate)
    x = layers.Concatenate()([layers.Multiply()([skip, gate]), x])
    return keras.Model(image, class_map(conv_relu(x, 8)))


@recipe("Wu et al. 2018, Light CNN: maximum of two halves of the channels")
def light_cnn() -> Model:
    image = image_input(32, 1)
    x = layers.Conv2D(16, 5, padding="same")(image)
    x = layers.MaxPooling2D()(layers.Maximum()([x[..., :8], x[..., 8:]]))
    x = layers.Conv2D(16, 3, padding="same")(x)
    x = ops.maximum(x[..., :8], x[..., 8:])
    return keras.Model(image, classes(x))


@recipe("Howard et al. 2019, MobileNetV3's hard swish by ops")
def hard_swish() -> Model:
    image = image_input()
    x = conv(image, 8, 3, 2)
    x = x * ops.relu6(x + 3.0) * (1.0 / 6.0)
    x = ops.hard_silu(conv(x, 16))
    return keras.Model(image, classes(ops.silu(conv(x, 16))))


@recipe("Kolesnikov et al. 2020, BiT: group normalization")
def big_transfer() -> Model:
    image = image_input()
    x = layers.Conv2D(16, 3, 2, padding="same")(image)
    for _ in range(2):
        y = layers.Conv2D(16, 3, padding="same")(layers.ReLU()(layers.GroupNormalization(4)(x)))
        x = layers.Add()([x, layers.Conv2D(16, 1)(layers.ReLU()(layers.GroupNormalization(4)(y)))])
    return keras.Model(image, classes(x))


@recipe("LeCun et al. 1998, LeNet-5 as it was: tanh")
def lenet_tanh() -> Model:
    image = image_input(28, 1)
    x = layers.AveragePooling2D(2)(layers.Conv2D(6, 5, padding="same", activation="tanh")(image))
    x = layers.AveragePooling2D(2)(layers.Conv2D(16, 5, activation="tanh")(x))
    x = layers.Dense(84, activation="tanh")(layers.Dense(120, activation="tanh")(layers.Flatten()(x)))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))
