"""Published classifiers with many paths (residual, dense, multi-scale): linear layers and ReLUs, to be converted."""

from __future__ import annotations

import keras
from keras import layers, ops

from .blocks import (
    Tensor,
    classes,
    conv,
    conv_relu,
    image_input,
    relu_conv,
    residual,
)
from .recipe import Model, recipe

KERAS_IO = "keras.io example"


@recipe("Zagoruyko and Komodakis 2016, wide ResNet")
def wide_resnet() -> Model:
    image = image_input()
    x = layers.Conv2D(8, 3, padding="same")(image)
    for filters, stride in ((16, 1), (16, 1), (32, 2), (32, 1), (48, 2), (48, 1)):
        y = relu_conv(relu_conv(x, filters, 3, stride), filters)
        x = x if x.shape[-1] == filters else relu_conv(x, filters, 1, stride)
        x = layers.Add()([x, y])
    return keras.Model(image, classes(layers.ReLU()(layers.BatchNormalization()(x))))


@recipe("Xie et al. 2017, ResNeXt")
def resnext() -> Model:
    image = image_input()
    x = conv_relu(image, 16)
    for filters, stride in ((16, 2), (32, 2), (32, 1)):
        y = conv(conv_relu(conv_relu(x, filters, 1), filters, 3, stride, groups=4), filters, 1)
        x = x if stride == 1 else conv(x, filters, 1, stride)
        x = layers.ReLU()(layers.Add()([x, y]))
    return keras.Model(image, classes(x))


@recipe("Radosavovic et al. 2020, RegNetX")
def regnet_x() -> Model:
    image = image_input()
    x = conv_relu(image, 8, 3, 2)
    for filters, stride in ((16, 2), (16, 1), (24, 2), (24, 1)):
        y = conv(conv_relu(conv_relu(x, filters, 1), filters, 3, stride, groups=filters // 8), filters, 1)
        x = x if x.shape[-1] == filters and stride == 1 else conv(x, filters, 1, stride)
        x = layers.ReLU()(layers.Add()([x, y]))
    return keras.Model(image, classes(x))


@recipe("Han et al. 2017, PyramidNet; channels of the shortcut padded by ops.pad")
def pyramidnet() -> Model:
    image = image_input()
    x = conv(image, 8)
    for filters, stride in ((12, 1), (16, 2), (20, 1), (24, 2)):
        y = layers.BatchNormalization()(x)
        y = layers.BatchNormalization()(relu_conv(conv(y, filters, 3, stride), filters))
        x = layers.AveragePooling2D(2)(x) if stride > 1 else x
        x = ops.pad(x, ((0, 0), (0, 0), (0, 0), (0, filters - x.shape[-1])))
        x = layers.Add()([x, y])
    return keras.Model(image, classes(layers.ReLU()(layers.BatchNormalization()(x))))


@recipe("He et al. 2016, ResNet-20 with shortcuts of option A: pixels left out, channels padded")
def resnet20_option_a() -> Model:
    image = image_input()
    x = conv_relu(image, 8)
    for filters, stride in ((8, 1), (16, 2), (16, 1), (32, 2), (32, 1)):
        y = conv(conv_relu(x, filters, 3, stride), filters)
        if stride > 1:
            more = (filters - x.shape[-1]) // 2
            x = ops.pad(x[:, ::2, ::2, :], ((0, 0), (0, 0), (0, 0), (more, more)))
        x = layers.ReLU()(layers.Add()([x, y]))
    return keras.Model(image, classes(x))


@recipe("He et al. 2016, option A with Permute and ZeroPadding2D for the channels")
def resnet_channel_padding() -> Model:
    image = image_input()
    x = conv_relu(image, 8)
    for filters, stride in ((8, 1), (16, 2), (16, 1)):
        y = conv(conv_relu(x, filters, 3, stride), filters)
        if stride > 1:
            x = layers.Permute((1, 3, 2))(layers.AveragePooling2D(1, 2)(x))
            x = layers.Permute((1, 3, 2))(layers.ZeroPadding2D(((0, 0), (0, 8)))(x))
        x = layers.ReLU()(layers.Add()([x, y]))
    return keras.Model(image, classes(x))


@recipe("Huang et al. 2017, DenseNet-BC of 3 blocks")
def densenet_bc() -> Model:
    image = image_input()
    x = layers.Conv2D(16, 3, padding="same")(image)
    for block in range(3):
        for _ in range(4):
            x = layers.Concatenate()([x, relu_conv(relu_conv(x, 24, 1), 6)])
        if block < 2:
            x = layers.AveragePooling2D(2)(relu_conv(x, x.shape[-1] // 2, 1))
    return keras.Model(image, classes(layers.ReLU()(layers.BatchNormalization()(x))))


@recipe("Chen et al. 2017, dual path network")
def dual_path_network() -> Model:
    image = image_input()
    x = conv_relu(image, 16, 3, 2)
    sums: Tensor = layers.Conv2D(16, 1)(x)
    dense: Tensor = layers.Conv2D(8, 1)(x)
    for _ in range(3):
        y = layers.ReLU()(layers.BatchNormalization()(layers.Concatenate()([sums, dense])))
        y = layers.Conv2D(20, 1)(conv_relu(conv_relu(y, 16, 1), 16, groups=4))
        sums = layers.Add()([sums, y[..., :16]])
        dense = layers.Concatenate()([dense, y[..., 16:]])
    return keras.Model(image, classes(layers.ReLU()(layers.Concatenate()([sums, dense]))))


@recipe("Gao et al. 2021, Res2Net")
def res2net() -> Model:
    image = image_input()
    x = conv_relu(image, 16, 3, 2)
    for _ in range(2):
        y = conv_relu(x, 16, 1)
        parts = [y[..., i : i + 4] for i in range(0, 16, 4)]
        done = [parts[0], conv_relu(parts[1], 4)]
        for part in parts[2:]:
            done.append(conv_relu(layers.Add()([part, done[-1]]), 4))
        x = layers.ReLU()(layers.Add()([x, conv(layers.Concatenate()(done), 16, 1)]))
    return keras.Model(image, classes(x))


@recipe("Larsson et al. 2017, FractalNet")
def fractalnet() -> Model:
    def fractal(x: Tensor, filters: int, depth: int) -> Tensor:
        if depth == 1:
            return conv_relu(x, filters)
        deep = fractal(fractal(x, filters, depth - 1), filters, depth - 1)
        return layers.Average()([conv_relu(x, filters), deep])

    image = image_input()
    x: Tensor = image
    for filters in (8, 16):
        x = layers.MaxPooling2D()(fractal(x, filters, 3))
    return keras.Model(image, layers.Dense(10, activation="softmax")(layers.Flatten()(x)))


@recipe("Sun et al. 2019, HRNet with two resolutions")
def hrnet() -> Model:
    image = image_input()
    high = residual(conv_relu(image, 8, 3, 2), 8)
    low = conv_relu(high, 16, 3, 2)
    for _ in range(2):
        high, low = residual(high, 8), residual(low, 16)
        up = layers.UpSampling2D(interpolation="bilinear")(conv(low, 8, 1))
        high, low = (
            layers.ReLU()(layers.Add()([high, up])),
            layers.ReLU()(layers.Add()([low, conv(high, 16, 3, 2)])),
        )
    return keras.Model(image, classes(layers.Concatenate()([conv_relu(high, 16, 3, 2), low])))
