"""Published classifiers that are linear layers and ReLUs, small: to be converted."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from .blocks import (
    Tensor,
    channel_shuffle,
    classes,
    conv,
    conv_leaky,
    conv_relu,
    depthwise_relu,
    inverted_residual,
    relu_conv,
    residual,
)
from .recipe import Model, recipe

KERAS_IO = "keras.io example"


def _image(side: int = 32, channels: int = 3) -> Tensor:
    return keras.Input((side, side, channels))


@recipe(f"{KERAS_IO}: simple MNIST convnet")
def mnist_convnet() -> Model:
    image = _image(28, 1)
    x = image
    for filters in (32, 64):
        x = layers.MaxPooling2D()(layers.Conv2D(filters, 3, activation="relu")(x))
    x = layers.Dropout(0.5)(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


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
    image = _image(96)
    x = conv_relu(image, 8, 3, 2)
    for filters, stride in ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1)):
        x = conv_relu(depthwise_relu(x, 3, stride), filters, 1)
    x = layers.Flatten()(layers.AveragePooling2D(3)(x))
    return keras.Model(image, layers.Dense(2, activation="softmax")(x))


@recipe(f"{KERAS_IO}: image classification from scratch (cats and dogs)")
def cats_and_dogs() -> Model:
    image = _image()
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


@recipe(f"{KERAS_IO}: knowledge distillation, the student")
def distilled_student() -> Model:
    image = _image(28, 1)
    x = layers.LeakyReLU(negative_slope=0.2)(layers.Conv2D(16, 3, strides=2, padding="same")(image))
    x = layers.MaxPooling2D(2, strides=1, padding="same")(x)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
    return keras.Model(image, layers.Dense(10)(layers.Flatten()(x)))


@recipe("Sandler et al. 2018 without the tensorflow slim extras")
def mobilenet_v2_small() -> Model:
    image = _image()
    x = layers.ReLU(6.0)(conv(image, 8, 3, 2))
    for filters, expansion, stride in ((8, 1, 1), (12, 6, 2), (12, 6, 1), (16, 6, 2), (16, 6, 1)):
        x = inverted_residual(x, filters, expansion, stride=stride)
    return keras.Model(image, classes(layers.ReLU(6.0)(conv(x, 64, 1))))


@recipe("EfficientNet-Lite (MBConv without squeeze, ReLU6)")
def efficientnet_lite() -> Model:
    image = _image()
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

    image = _image()
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

    image = _image()
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

    image = _image()
    x = conv_relu(image, 12, 3, 2)
    for filters, stride in ((24, 2), (24, 1), (48, 2), (48, 1)):
        x = unit(x, filters, stride)
    return keras.Model(image, classes(conv_relu(x, 64, 1)))


@recipe("Ma et al. 2018, ShuffleNetV2 with ops.split and ops.transpose")
def shufflenet_v2_ops() -> Model:
    image = _image()
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

    image = _image()
    x = conv_relu(image, 8, 3, 2)
    for wide, filters, stride in ((16, 8, 1), (24, 12, 2), (36, 12, 1), (36, 20, 2)):
        x = bottleneck(x, wide, filters, stride)
    return keras.Model(image, classes(conv_relu(x, 64, 1)))


@recipe("Ding et al. 2021, RepVGG as it is trained")
def repvgg() -> Model:
    image = _image()
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

    image = _image()
    x = conv_leaky(conv_leaky(image, 8, 3, 2), 16, 3, 2)
    return keras.Model(image, classes(csp(x, 16)))


@recipe("Redmon and Farhadi 2017, Darknet-19's beginning")
def darknet() -> Model:
    image = _image()
    x = layers.MaxPooling2D()(conv_leaky(image, 8))
    x = layers.MaxPooling2D()(conv_leaky(x, 16))
    for filters in (24, 32):
        x = conv_leaky(conv_leaky(conv_leaky(x, filters), filters // 2, 1), filters)
    return keras.Model(image, layers.Softmax()(layers.GlobalAveragePooling2D()(layers.Conv2D(10, 1)(x))))


@recipe("Zagoruyko and Komodakis 2016, wide ResNet")
def wide_resnet() -> Model:
    image = _image()
    x = layers.Conv2D(8, 3, padding="same")(image)
    for filters, stride in ((16, 1), (16, 1), (32, 2), (32, 1), (48, 2), (48, 1)):
        y = relu_conv(relu_conv(x, filters, 3, stride), filters)
        x = x if x.shape[-1] == filters else relu_conv(x, filters, 1, stride)
        x = layers.Add()([x, y])
    return keras.Model(image, classes(layers.ReLU()(layers.BatchNormalization()(x))))


@recipe("Xie et al. 2017, ResNeXt")
def resnext() -> Model:
    image = _image()
    x = conv_relu(image, 16)
    for filters, stride in ((16, 2), (32, 2), (32, 1)):
        y = conv(conv_relu(conv_relu(x, filters, 1), filters, 3, stride, groups=4), filters, 1)
        x = x if stride == 1 else conv(x, filters, 1, stride)
        x = layers.ReLU()(layers.Add()([x, y]))
    return keras.Model(image, classes(x))


@recipe("Radosavovic et al. 2020, RegNetX")
def regnet_x() -> Model:
    image = _image()
    x = conv_relu(image, 8, 3, 2)
    for filters, stride in ((16, 2), (16, 1), (24, 2), (24, 1)):
        y = conv(conv_relu(conv_relu(x, filters, 1), filters, 3, stride, groups=filters // 8), filters, 1)
        x = x if x.shape[-1] == filters and stride == 1 else conv(x, filters, 1, stride)
        x = layers.ReLU()(layers.Add()([x, y]))
    return keras.Model(image, classes(x))


@recipe("Han et al. 2017, PyramidNet; channels of the shortcut padded by ops.pad")
def pyramidnet() -> Model:
    image = _image()
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
    image = _image()
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
    image = _image()
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
    image = _image()
    x = layers.Conv2D(16, 3, padding="same")(image)
    for block in range(3):
        for _ in range(4):
            x = layers.Concatenate()([x, relu_conv(relu_conv(x, 24, 1), 6)])
        if block < 2:
            x = layers.AveragePooling2D(2)(relu_conv(x, x.shape[-1] // 2, 1))
    return keras.Model(image, classes(layers.ReLU()(layers.BatchNormalization()(x))))


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

    image = _image()
    x = layers.MaxPooling2D(3, 2, padding="same")(layers.Conv2D(16, 5, padding="same", activation="relu")(image))
    x = inception(x, 8)
    side = layers.Flatten()(layers.Conv2D(8, 1, activation="relu")(layers.AveragePooling2D(5, 3)(x)))
    side = layers.Dense(10, activation="softmax")(layers.Dense(32, activation="relu")(side))
    x = inception(layers.MaxPooling2D(3, 2, padding="same")(x), 12)
    return keras.Model(image, [classes(x), side])


@recipe("Chen et al. 2017, dual path network")
def dual_path_network() -> Model:
    image = _image()
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
    image = _image()
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

    image = _image()
    x: Tensor = image
    for filters in (8, 16):
        x = layers.MaxPooling2D()(fractal(x, filters, 3))
    return keras.Model(image, layers.Dense(10, activation="softmax")(layers.Flatten()(x)))


@recipe("Sun et al. 2019, HRNet with two resolutions")
def hrnet() -> Model:
    image = _image()
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


@recipe("Bazarevsky et al. 2019, BlazeFace's backbone: 5 x 5, shortcuts padded in channels")
def blazeface_backbone() -> Model:
    image = _image()
    x = layers.Conv2D(12, 5, 2, padding="same", activation="relu")(image)
    for filters, stride in ((12, 1), (16, 1), (24, 2), (24, 1)):
        y = layers.Conv2D(filters, 1)(layers.DepthwiseConv2D(5, stride, padding="same")(x))
        x = layers.MaxPooling2D()(x) if stride > 1 else x
        if filters > x.shape[-1]:
            x = layers.Concatenate()([x, ops.zeros_like(x)[..., : filters - x.shape[-1]]])
        x = layers.ReLU()(layers.Add()([x, y]))
    return keras.Model(image, classes(x))


@recipe("Springenberg et al. 2015, All-CNN-C")
def all_cnn() -> Model:
    image = _image()
    x: Tensor = layers.Dropout(0.2)(image)
    for filters, stride in ((16, 1), (16, 2), (24, 1), (24, 2), (24, 1)):
        x = layers.Conv2D(filters, 3, stride, padding="same", activation="relu")(x)
    x = layers.Conv2D(10, 1, activation="relu")(layers.Conv2D(24, 1, activation="relu")(x))
    return keras.Model(image, layers.Softmax()(layers.GlobalAveragePooling2D()(x)))


@recipe("Chen et al. 2019, octave convolution")
def octave_convolution() -> Model:
    image = _image()
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
    image = _image()
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
    return keras.Sequential([_image(28, 1), *stack])


@recipe("Krizhevsky et al. 2012, AlexNet without response normalization")
def alexnet() -> Model:
    image = _image(48)
    x = layers.MaxPooling2D(3, 2)(layers.Conv2D(16, 11, 2, activation="relu")(image))
    x = layers.Conv2D(24, 5, padding="same", groups=2, activation="relu")(x)
    x = layers.MaxPooling2D(3, 2)(layers.Conv2D(24, 3, padding="same", activation="relu")(x))
    x = layers.Dropout(0.5)(layers.Dense(64, activation="relu")(layers.Flatten()(x)))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


@recipe("Jocher et al. 2020, YOLOv5's Focus and C3, with ReLU")
def yolo_v5_focus() -> Model:
    image = _image()
    x = layers.Concatenate()([image[:, i::2, j::2, :] for j in (0, 1) for i in (0, 1)])
    x = conv_relu(conv_relu(x, 12), 16, 3, 2)
    y, z = conv_relu(x, 8, 1), conv_relu(x, 8, 1)
    y = layers.Add()([y, conv_relu(conv_relu(y, 8, 1), 8)])
    x = conv_relu(layers.Concatenate()([y, z]), 16, 1)
    return keras.Model(image, classes(x))


@recipe("Redmon and Farhadi 2017, YOLOv2's passthrough (space to depth)")
def yolo_v2_passthrough() -> Model:
    image = _image()
    fine = conv_leaky(conv_leaky(image, 8, 3, 2), 8)
    coarse = conv_leaky(fine, 16, 3, 2)
    x = layers.Concatenate()([ops.nn.space_to_depth(fine, 2), coarse])
    return keras.Model(image, classes(conv_leaky(x, 16)))


@recipe("Liu et al. 2018, CoordConv")
def coord_conv() -> Model:
    image = _image()
    places = np.linspace(-1, 1, 32, dtype=np.float32)
    one = ops.zeros_like(image[..., :1])
    x = layers.Concatenate()([image, one + places.reshape(1, 32, 1, 1), one + places.reshape(1, 1, 32, 1)])
    return keras.Model(image, classes(conv_relu(conv_relu(x, 8, 3, 2), 16, 3, 2)))


@recipe("Goodfellow et al. 2013, maxout of three convolutions")
def maxout() -> Model:
    image = _image()
    x: Tensor = image
    for filters in (8, 12):
        x = layers.Maximum()([layers.Conv2D(filters, 3, padding="same")(x) for _ in range(3)])
        x = layers.AveragePooling2D(2)(x)
    return keras.Model(image, classes(x))


@recipe("Shang et al. 2016, CReLU")
def crelu() -> Model:
    image = _image()
    x: Tensor = image
    for filters in (8, 12):
        x = conv(x, filters, 3, 2)
        x = layers.ReLU()(layers.Concatenate()([x, -x]))
    return keras.Model(image, classes(x))


@recipe("Zhang et al. 2019, BlurPool: a fixed binomial kernel after each maximum of two pixels")
def blur_pool() -> Model:
    image = _image()
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
