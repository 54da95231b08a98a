"""Published classifiers and backbones for small devices: linear layers and ReLUs, to be converted."""

from __future__ import annotations

import keras
from keras import layers, ops

from .blocks import (
    Tensor,
    channel_shuffle,
    classes,
    conv,
    conv_leaky,
    conv_relu,
    depthwise_relu,
    image_input,
    inverted_residual,
)
from .recipe import Model, recipe

KERAS_IO = "keras.io example"


@recipe("MLPerf Tiny: keyword spotting DS-CNN")
def ds_cnn() -> Model:
    image = keras.Input((49, 10, 1))
    x = layers.Conv2D(64, (10, 4), 2, padding="same")(image)
    x = layers.Dropout(0.2)(layers.ReLU()(layers.BatchNormalization()(x)))
    for _ in range(4):
        x = conv_relu(depthwise_relu(x), 64, 1)
    x = layers.AveragePooling2D((25, 5))(layers.Dropout(0.4)(x))
    return keras.Model(image, layers.Dense(12, activation="softmax")(layers.Flatten()(x)))


@recipe("MLPerf Tiny: visual wake words MobileNetV1 0.25")
def visual_wake_words() -> Model:
    image = image_input(96)
    x = conv_relu(image, 8, 3, 2)
    for filters, stride in ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1)):
        x = conv_relu(depthwise_relu(x, 3, stride), filters, 1)
    x = layers.Flatten()(layers.AveragePooling2D(3)(x))
    return keras.Model(image, layers.Dense(2, activation="softmax")(x))


@recipe(f"{KERAS_IO}: knowledge distillation, the student")
def distilled_student() -> Model:
    image = image_input(28, 1)
    x = layers.LeakyReLU(negative_slope=0.2)(layers.Conv2D(16, 3, strides=2, padding="same")(image))
    x = layers.MaxPooling2D(2, strides=1, padding="same")(x)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
    return keras.Model(image, layers.Dense(10)(layers.Flatten()(x)))


@recipe("Sandler et al. 2018 without the tensorflow slim extras")
def mobilenet_v2_small() -> Model:
    image = image_input()
    x = layers.ReLU(6.0)(conv(image, 8, 3, 2))
    for filters, expansion, stride in ((8, 1, 1), (12, 6, 2), (12, 6, 1), (16, 6, 2), (16, 6, 1)):
        x = inverted_residual(x, filters, expansion, stride=stride)
    return keras.Model(image, classes(layers.ReLU(6.0)(conv(x, 64, 1))))


@recipe("EfficientNet-Lite (MBConv without squeeze, ReLU6)")
def efficientnet_lite() -> Model:
    image = image_input()
    x = layers.ReLU(6.0)(conv(image, 8, 3, 2))
    for filters, expansion, size, stride in ((8, 1, 3, 1), (12, 6, 3, 2), (12, 6, 3, 1), (16, 6, 5, 2), (16, 6, 5, 1)):
        x = inverted_residual(x, filters, expansion, size, stride)
    return keras.Model(image, classes(layers.ReLU(6.0)(conv(x, 64, 1))))


@recipe("Iandola et al. 2016")
def squeezenet() -> Model:
    def fire(x: Tensor, squeeze: int, expand: int) -> Tensor:
        x = layers.Conv2D(squeeze, 1, activation="relu")(x)
        parts = [layers.Conv2D(expand, size, padding="same", activation="relu")(x) for size in (1, 3)]
        return layers.Concatenate()(parts)

    image = image_input()
    x = layers.MaxPooling2D(3, 2)(layers.Conv2D(32, 3, 1, padding="same", activation="relu")(image))
    x = fire(fire(x, 8, 16), 8, 16)
    x = fire(layers.MaxPooling2D(3, 2)(x), 12, 24)
    x = layers.Conv2D(10, 1, activation="relu")(layers.Dropout(0.5)(x))
    return keras.Model(image, layers.Softmax()(layers.GlobalAveragePooling2D()(x)))


@recipe("Zhang et al. 2018, ShuffleNet")
def shufflenet() -> Model:
    def unit(x: Tensor, filters: int, stride: int) -> Tensor:
        y = channel_shuffle(conv_relu(x, 12, 1, groups=3), 3)
        y = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(y)
        y = conv(layers.BatchNormalization()(y), filters - (x.shape[-1] if stride > 1 else 0), 1, groups=3)
        if stride > 1:
            return layers.ReLU()(layers.Concatenate()([layers.AveragePooling2D(3, 2, padding="same")(x), y]))
        return layers.ReLU()(layers.Add()([x, y]))

    image = image_input()
    x = conv_relu(image, 12, 3, 2)
    for filters, stride in ((24, 2), (24, 1), (48, 2), (48, 1)):
        x = unit(x, filters, stride)
    return keras.Model(image, classes(x))


@recipe("Ma et al. 2018, ShuffleNetV2")
def shufflenet_v2() -> Model:
    def branch(x: Tensor, filters: int, stride: int) -> Tensor:
        x = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(conv_relu(x, filters, 1))
        return conv_relu(layers.BatchNormalization()(x), filters, 1)

    def unit(x: Tensor, filters: int, stride: int) -> Tensor:
        half = x.shape[-1] // 2
        left, right = (x, x) if stride > 1 else (x[..., :half], x[..., half:])
        if stride > 1:
            left = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(left)
            left = conv_relu(layers.BatchNormalization()(left), filters // 2, 1)
        return channel_shuffle(layers.Concatenate()([left, branch(right, filters // 2, stride)]), 2)

    image = image_input()
    x = conv_relu(image, 12, 3, 2)
    for filters, stride in ((24, 2), (24, 1), (48, 2), (48, 1)):
        x = unit(x, filters, stride)
    return keras.Model(image, classes(conv_relu(x, 64, 1)))


@recipe("Ma et al. 2018, ShuffleNetV2 with ops.split and ops.transpose")
def shufflenet_v2_ops() -> Model:
    image = image_input()
    x = conv_relu(image, 24, 3, 2)
    for _ in range(2):
        left, right = ops.split(x, 2, axis=-1)
        x = ops.concatenate([left, conv_relu(depthwise_relu(right), 12, 1)], axis=-1)
        x = ops.reshape(x, (-1, 16, 16, 2, 12))
        x = ops.reshape(ops.transpose(x, (0, 1, 2, 4, 3)), (-1, 16, 16, 24))
    return keras.Model(image, classes(conv_relu(x, 48, 1)))


@recipe("Han et al. 2020, GhostNet without squeeze and excitation")
def ghostnet() -> Model:
    def ghost(x: Tensor, filters: int, relu: bool) -> Tensor:
        x = conv(x, filters // 2, 1)
        x = layers.ReLU()(x) if relu else x
        cheap = layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x))
        return layers.Concatenate()([x, layers.ReLU()(cheap) if relu else cheap])

    def bottleneck(x: Tensor, wide: int, filters: int, stride: int) -> Tensor:
        y = ghost(x, wide, True)
        if stride > 1:
            y = layers.BatchNormalization()(layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(y))
            x = layers.BatchNormalization()(layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(x))
        x = x if x.shape[-1] == filters else conv(x, filters, 1)
        return layers.Add()([x, ghost(y, filters, False)])

    image = image_input()
    x = conv_relu(image, 8, 3, 2)
    for wide, filters, stride in ((16, 8, 1), (24, 12, 2), (36, 12, 1), (36, 20, 2)):
        x = bottleneck(x, wide, filters, stride)
    return keras.Model(image, classes(conv_relu(x, 64, 1)))


@recipe("Ding et al. 2021, RepVGG as it is trained")
def repvgg() -> Model:
    image = image_input()
    x: Tensor = image
    for filters, stride in ((12, 2), (16, 2), (16, 1), (24, 2), (24, 1)):
        branches = [conv(x, filters, 3, stride), conv(x, filters, 1, stride)]
        if stride == 1 and x.shape[-1] == filters:
            branches.append(layers.BatchNormalization()(x))
        x = layers.ReLU()(layers.Add()(branches))
    return keras.Model(image, classes(x))


@recipe("Wang et al. 2020 and Bochkovskiy et al. 2020, CSPNet in YOLOv4-tiny's backbone")
def yolo_v4_tiny_backbone() -> Model:
    def csp(x: Tensor, filters: int) -> Tensor:
        x = whole = conv_leaky(x, filters)
        x = first = conv_leaky(x[..., filters // 2 :], filters // 2)
        x = layers.Concatenate()([conv_leaky(x, filters // 2), first])
        x = conv_leaky(x, filters, 1)
        return layers.MaxPooling2D()(layers.Concatenate()([whole, x]))

    image = image_input()
    x = conv_leaky(conv_leaky(image, 8, 3, 2), 16, 3, 2)
    return keras.Model(image, classes(csp(x, 16)))


@recipe("Redmon and Farhadi 2017, Darknet-19's beginning")
def darknet() -> Model:
    image = image_input()
    x = layers.MaxPooling2D()(conv_leaky(image, 8))
    x = layers.MaxPooling2D()(conv_leaky(x, 16))
    for filters in (24, 32):
        x = conv_leaky(conv_leaky(conv_leaky(x, filters), filters // 2, 1), filters)
    return keras.Model(image, layers.Softmax()(layers.GlobalAveragePooling2D()(layers.Conv2D(10, 1)(x))))


@recipe("Bazarevsky et al. 2019, BlazeFace's backbone: 5 x 5, shortcuts padded in channels")
def blazeface_backbone() -> Model:
    image = image_input()
    x = layers.Conv2D(12, 5, 2, padding="same", activation="relu")(image)
    for filters, stride in ((12, 1), (16, 1), (24, 2), (24, 1)):
        y = layers.Conv2D(filters, 1)(layers.DepthwiseConv2D(5, stride, padding="same")(x))
        x = layers.MaxPooling2D()(x) if stride > 1 else x
        if filters > x.shape[-1]:
            x = layers.Concatenate()([x, ops.zeros_like(x)[..., : filters - x.shape[-1]]])
        x = layers.ReLU()(layers.Add()([x, y]))
    return keras.Model(image, classes(x))


@recipe("Jocher et al. 2020, YOLOv5's Focus and C3, with ReLU")
def yolo_v5_focus() -> Model:
    image = image_input()
    x = layers.Concatenate()([image[:, i::2, j::2, :] for j in (0, 1) for i in (0, 1)])
    x = conv_relu(conv_relu(x, 12), 16, 3, 2)
    y, z = conv_relu(x, 8, 1), conv_relu(x, 8, 1)
    y = layers.Add()([y, conv_relu(conv_relu(y, 8, 1), 8)])
    x = conv_relu(layers.Concatenate()([y, z]), 16, 1)
    return keras.Model(image, classes(x))


@recipe("Redmon and Farhadi 2017, YOLOv2's passthrough (space to depth)")
def yolo_v2_passthrough() -> Model:
    image = image_input()
    fine = conv_leaky(conv_leaky(image, 8, 3, 2), 8)
    coarse = conv_leaky(fine, 16, 3, 2)
    x = layers.Concatenate()([ops.nn.space_to_depth(fine, 2), coarse])
    return keras.Model(image, classes(conv_leaky(x, 16)))
