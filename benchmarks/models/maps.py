"""Published models for segmentation that are linear layers and ReLUs, small: to be converted."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from .blocks import (
    Tensor,
    class_map,
    conv,
    conv_relu,
    depthwise_relu,
    image_input,
    inverted_residual,
    relu_conv,
    residual,
    upsampled,
)
from .recipe import Model, recipe

KERAS_IO = "keras.io example"


@recipe("Ronneberger et al. 2015 with 'same' padding")
def unet() -> Model:
    image = image_input()
    x, skips = image, []
    for filters in (8, 16):
        x = conv_relu(conv_relu(x, filters), filters)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = conv_relu(conv_relu(x, 32), 32)
    for filters, skip in ((16, skips[1]), (8, skips[0])):
        x = layers.Conv2DTranspose(filters, 2, strides=2, padding="same")(x)
        x = conv_relu(conv_relu(layers.Concatenate()([skip, x]), filters), filters)
    return keras.Model(image, class_map(x))


@recipe(f"{KERAS_IO}: image segmentation with a U-Net-like Xception (Oxford pets)")
def oxford_pets() -> Model:
    return xception_unet(32, (8, 16, 24), classes=3)


@recipe(f"{KERAS_IO}: the same at its full size", limit_s=3000)
def oxford_pets_160() -> Model:
    return xception_unet(160, (32, 64, 128, 256), classes=3)


def xception_unet(side: int, filters: tuple[int, ...], classes: int) -> Model:
    image = image_input(side)
    x = before = conv_relu(image, filters[0], 3, 2)
    for number in filters[1:]:
        for _ in range(2):
            x = layers.BatchNormalization()(layers.SeparableConv2D(number, 3, padding="same")(layers.ReLU()(x)))
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        x = before = layers.add([x, layers.Conv2D(number, 1, strides=2, padding="same")(before)])
    for number in filters[::-1]:
        for _ in range(2):
            x = layers.BatchNormalization()(layers.Conv2DTranspose(number, 3, padding="same")(layers.ReLU()(x)))
        x = before = layers.add([upsampled(x), layers.Conv2D(number, 1, padding="same")(upsampled(before))])
    return keras.Model(image, class_map(x, classes, 3))


@recipe(f"{KERAS_IO}: DeepLabV3+ (Chen et al. 2018), a small ResNet below it")
def deeplab_v3_plus() -> Model:
    image = image_input(48)
    low = residual(conv_relu(image, 8, 3, 2), 12, 2)
    x = residual(low, 16, 2)
    pooled = conv_relu(layers.AveragePooling2D(6)(x), 12, 1)
    parts = [upsampled(pooled, 6, "bilinear"), conv_relu(x, 12, 1)]
    parts += [conv_relu(x, 12, 3, dilation_rate=rate) for rate in (2, 4)]
    x = upsampled(conv_relu(layers.Concatenate()(parts), 12, 1), 2, "bilinear")
    x = layers.Concatenate()([x, conv_relu(low, 8, 1)])
    x = upsampled(conv_relu(conv_relu(x, 12), 12), 4, "bilinear")
    return keras.Model(image, layers.Conv2D(4, 1, padding="same")(x))


@recipe("Badrinarayanan et al. 2017, SegNet with plain upsampling")
def segnet() -> Model:
    image = image_input()
    x: Tensor = image
    for filters in (8, 16):
        x = layers.MaxPooling2D()(conv_relu(conv_relu(x, filters), filters))
    for filters in (16, 8):
        x = conv_relu(conv_relu(upsampled(x), filters), filters)
    return keras.Model(image, class_map(x))


@recipe("Long et al. 2015, FCN-8s")
def fcn8s() -> Model:
    image = image_input()
    x, scores = image, []
    for filters in (8, 12, 16, 24, 24):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
        scores.append(layers.Conv2D(4, 1)(x))
    x = layers.Conv2D(32, 1, activation="relu")(layers.Conv2D(32, 3, padding="same", activation="relu")(x))
    x = layers.Conv2DTranspose(4, 4, 2, padding="same", use_bias=False)(layers.Conv2D(4, 1)(x))
    x = layers.Conv2DTranspose(4, 4, 2, padding="same", use_bias=False)(layers.Add()([x, scores[3]]))
    x = layers.Conv2DTranspose(4, 16, 8, padding="same", use_bias=False)(layers.Add()([x, scores[2]]))
    return keras.Model(image, layers.Softmax()(x))


@recipe("Paszke et al. 2016, ENet: PReLU, dilated and asymmetric kernels, channels padded")
def enet() -> Model:
    def prelu(x: Tensor) -> Tensor:
        return layers.PReLU(shared_axes=[1, 2])(x)

    def bottleneck(x: Tensor, filters: int, down: bool = False, **middle: Any) -> Tensor:
        y = prelu(conv(x, filters // 2, 2 if down else 1, 2 if down else 1))
        y = conv(y, filters // 2, (5, 1)) if middle.pop("asymmetric", False) else y
        y = conv(prelu(conv(y, filters // 2, **middle)), filters, 1)
        if down:
            x = layers.Permute((1, 3, 2))(layers.MaxPooling2D()(x))
            x = layers.Permute((1, 3, 2))(layers.ZeroPadding2D(((0, 0), (0, filters - x.shape[2])))(x))
        return prelu(layers.Add()([layers.SpatialDropout2D(0.1)(y), x]))

    image = image_input()
    x = layers.Concatenate()([layers.Conv2D(9, 3, 2, padding="same")(image), layers.MaxPooling2D()(image)])
    x = bottleneck(bottleneck(x, 16, down=True), 16, dilation_rate=2)
    x = bottleneck(x, 16, asymmetric=True)
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2DTranspose(8, 3, 2, padding="same")(x)))
    return keras.Model(image, layers.Conv2DTranspose(4, 2, 2, padding="same", activation="softmax")(x))


@recipe("Romera et al. 2018, ERFNet: factorized kernels")
def erfnet() -> Model:
    def down(x: Tensor, filters: int) -> Tensor:
        y = layers.Conv2D(filters - x.shape[-1], 3, 2, padding="same")(x)
        return layers.ReLU()(layers.BatchNormalization()(layers.Concatenate()([y, layers.MaxPooling2D()(x)])))

    def factorized(x: Tensor, rate: int) -> Tensor:
        y: Tensor = x
        for dilation in (1, rate):
            y = layers.Conv2D(x.shape[-1], (3, 1), padding="same", dilation_rate=(dilation, 1), activation="relu")(y)
            y = conv(y, x.shape[-1], (1, 3), dilation_rate=(1, dilation))
            y = layers.ReLU()(y) if dilation == 1 else y
        return layers.ReLU()(layers.Add()([x, y]))

    image = image_input()
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(image)
    x = factorized(factorized(down(down(x, 12), 16), 2), 4)
    for filters in (12, 8):
        x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2DTranspose(filters, 3, 2, padding="same")(x)))
    return keras.Model(image, class_map(x))


@recipe("Chaurasia and Culurciello 2017, LinkNet")
def linknet() -> Model:
    image = image_input()
    x = conv_relu(image, 8, 7, 2)
    first = residual(x, 8)
    second = residual(first, 16, 2)
    x = second
    for filters, skip in ((8, first), (8, None)):
        x = conv_relu(x, x.shape[-1] // 4 or 2, 1)
        x = layers.Conv2DTranspose(x.shape[-1], 3, 2, padding="same")(x)
        x = conv_relu(layers.ReLU()(layers.BatchNormalization()(x)), filters, 1)
        x = x if skip is None else layers.Add()([x, skip])
    return keras.Model(image, class_map(x))


@recipe("Zhao et al. 2017, PSPNet")
def pspnet() -> Model:
    image = image_input()
    x = residual(residual(conv_relu(image, 8, 3, 2), 12, 2), 12)
    parts = [x]
    for size in (8, 4, 2):
        parts.append(upsampled(conv_relu(layers.AveragePooling2D(size)(x), 6, 1), size, "bilinear"))
    x = conv_relu(layers.Concatenate()(parts), 12)
    return keras.Model(image, layers.Softmax()(upsampled(layers.Conv2D(4, 3, padding="same")(x), 4, "bilinear")))


@recipe("Kirillov et al. 2019, panoptic feature pyramid")
def feature_pyramid() -> Model:
    image = image_input()
    levels = [residual(conv_relu(image, 8, 3, 2), 8)]
    for filters in (16, 24):
        levels.append(residual(levels[-1], filters, 2))
    x = layers.Conv2D(12, 1)(levels[-1])
    pyramid = [x]
    for level in (levels[1], levels[0]):
        x = layers.Add()([upsampled(x), layers.Conv2D(12, 1)(level)])
        pyramid.append(x)
    heads = [upsampled(conv_relu(p, 8), 4 // 2**i) if i < 2 else conv_relu(p, 8) for i, p in enumerate(pyramid)]
    return keras.Model(image, class_map(upsampled(conv_relu(layers.Concatenate()(heads), 8), 2, "bilinear")))


@recipe("Poudel et al. 2019, Fast-SCNN")
def fast_scnn() -> Model:
    image = image_input()
    x = conv_relu(image, 8, 3, 2)
    fine = conv_relu(depthwise_relu(x, 3, 2), 12, 1)
    x = inverted_residual(inverted_residual(fine, 16, 6, stride=2), 16, 6)
    pools = [upsampled(conv_relu(layers.AveragePooling2D(size)(x), 4, 1), size, "bilinear") for size in (2, 4)]
    x = upsampled(conv_relu(layers.Concatenate()([x, *pools]), 12, 1), 2, "bilinear")
    x = conv(depthwise_relu(x), 12, 1)
    x = layers.ReLU()(layers.Add()([x, conv(fine, 12, 1)]))
    x = layers.SeparableConv2D(12, 3, padding="same", activation="relu")(x)
    return keras.Model(image, layers.Softmax()(upsampled(layers.Conv2D(4, 1)(layers.Dropout(0.3)(x)), 4, "bilinear")))


@recipe("Ibtehaz and Rahman 2020, MultiResUNet")
def multi_res_unet() -> Model:
    def block(x: Tensor, filters: int) -> Tensor:
        shortcut = conv(x, 3 * filters, 1)
        parts = [conv_relu(x, filters)]
        for _ in range(2):
            parts.append(conv_relu(parts[-1], filters))
        y = layers.BatchNormalization()(layers.Concatenate()(parts))
        return layers.BatchNormalization()(layers.ReLU()(layers.Add()([shortcut, y])))

    image = image_input()
    first = block(image, 4)
    x = block(layers.MaxPooling2D()(first), 6)
    path = layers.BatchNormalization()(layers.ReLU()(layers.Add()([conv(first, 8, 1), conv_relu(first, 8)])))
    x = layers.Concatenate()([layers.Conv2DTranspose(8, 2, 2, padding="same")(x), path])
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(block(x, 4)))


@recipe("Zhang et al. 2018, residual U-Net")
def residual_unet() -> Model:
    image = image_input()
    x: Tensor = layers.Conv2D(8, 3, padding="same")(image)
    x = layers.Add()([layers.Conv2D(8, 3, padding="same")(conv_relu(image, 8)), conv(x, 8, 1)])
    skips = [x]
    for filters in (12, 16):
        y = relu_conv(relu_conv(x, filters, 3, 2), filters)
        x = layers.Add()([y, conv(x, filters, 1, 2)])
        skips.append(x)
    for filters, skip in ((12, skips[1]), (8, skips[0])):
        x = layers.Concatenate()([upsampled(x), skip])
        x = layers.Add()([relu_conv(relu_conv(x, filters), filters), conv(x, filters, 1)])
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid")(x))


@recipe("Jegou et al. 2017, FC-DenseNet (Tiramisu)")
def tiramisu() -> Model:
    def dense(x: Tensor, count: int) -> tuple[Tensor, Tensor]:
        made = []
        for _ in range(count):
            made.append(relu_conv(x, 6))
            x = layers.Concatenate()([x, made[-1]])
        return x, layers.Concatenate()(made)

    image = image_input()
    first, _ = dense(layers.Conv2D(12, 3, padding="same")(image), 3)
    x = layers.MaxPooling2D()(relu_conv(first, first.shape[-1], 1))
    _, new = dense(x, 3)
    x = layers.Conv2DTranspose(18, 3, 2, padding="same")(new)
    x, _ = dense(layers.Concatenate()([x, first]), 3)
    return keras.Model(image, class_map(x))


@recipe("Mehta et al. 2018, ESPNet: dilated kernels, their sums one after the other")
def espnet() -> Model:
    def esp(x: Tensor, filters: int, stride: int) -> Tensor:
        small = layers.Conv2D(filters // 4, 3 if stride > 1 else 1, stride, padding="same")(x)
        parts = [layers.Conv2D(filters // 4, 3, padding="same", dilation_rate=rate)(small) for rate in (1, 2, 4, 8)]
        sums = [parts[0], parts[1]]
        for part in parts[2:]:
            sums.append(layers.Add()([sums[-1], part]))
        y = layers.BatchNormalization()(layers.Concatenate()(sums))
        return layers.PReLU(shared_axes=[1, 2])(layers.Add()([x, y]) if stride == 1 else y)

    image = image_input()
    x = layers.PReLU(shared_axes=[1, 2])(conv(image, 8, 3, 2))
    x = esp(esp(x, 16, 2), 16, 1)
    x = layers.PReLU(shared_axes=[1, 2])(layers.Conv2DTranspose(8, 2, 2)(x))
    return keras.Model(image, layers.Conv2DTranspose(4, 2, 2, activation="softmax")(x))


@recipe("Newell et al. 2016, one hourglass with two heat maps")
def hourglass() -> Model:
    def bottleneck(x: Tensor, filters: int) -> Tensor:
        y = relu_conv(relu_conv(relu_conv(x, filters // 2, 1), filters // 2), filters, 1)
        return layers.Add()([x, y])

    image = image_input()
    x = bottleneck(conv_relu(image, 16), 16)
    low = bottleneck(bottleneck(layers.MaxPooling2D()(x), 16), 16)
    x = layers.Add()([bottleneck(x, 16), upsampled(low)])
    return keras.Model(image, layers.Conv2D(2, 1, activation="sigmoid")(conv_relu(x, 16, 1)))


@recipe("Yu et al. 2018, BiSeNet's two paths without attention; ops.image.resize")
def bisenet_paths() -> Model:
    image = image_input()
    spatial = conv_relu(conv_relu(image, 8, 7, 2), 12, 3, 2)
    x = conv_relu(residual(conv_relu(image, 8, 3, 4), 16, 2), 16, 3, 2)
    tail = conv_relu(ops.mean(x, axis=(1, 2), keepdims=True), 16, 1)
    x = layers.Add()([x, ops.image.resize(tail, (2, 2))])
    x = layers.Concatenate()([spatial, ops.image.resize(conv_relu(x, 12, 1), (8, 8))])
    x = layers.Conv2D(4, 1)(conv_relu(x, 12, 1))
    return keras.Model(image, layers.Softmax()(layers.Resizing(32, 32)(x)))
