"""MLPerf Tiny's image classification: ResNet-8 on CIFAR-10."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..cifar import trained_on_cifar10
from ..keras_file import saved
from ..mlperf import FOLDER, read_inputs
from ..recipe import Files, Given, Recipe, there

EPOCHS, SIDE = 60, 32
TRAIN, TEST = "train", "ic01"
DATA = f"a folder with {TRAIN}/CLASS/*.jpg (or .png) of CIFAR-10, and {FOLDER.format(name=TEST)}"


def architecture(path: Path) -> Path:
    """Three stages of one block each, 16, 32 and 64 channels. Source: Banbury et al., "MLPerf Tiny Benchmark", 2021."""
    from keras import Input, Model

    from benchmarks.models.blocks import classes, conv_relu, residual

    image = Input((32, 32, 3))
    x = conv_relu(image, 16)
    for filters, stride in ((16, 1), (32, 2), (64, 2)):
        x = residual(x, filters, stride)
    return saved(Model(image, classes(x)), path)


def prepare(given: Given) -> Files:
    assert given.data is not None
    folder, test = there(given.data, TRAIN, TEST, what=DATA), given.out / "test.npz"
    found = read_inputs(folder / TEST, np.uint8)
    np.savez(test, x=found.x.reshape(-1, SIDE, SIDE, 3), y=found.y)
    train = folder / TRAIN
    model = given.model or trained_on_cifar10(architecture, given.out / "resnet8.keras", train, EPOCHS)
    return Files(model, train, test)


RECIPE = Recipe(
    name="resnet8",
    title="ResNet-8 (MLPerf Tiny)",
    source="MLPerf Tiny v1, its weights: pretrainedResnet.h5 of mlcommons/tiny",
    trained="CIFAR-10, by MLPerf",
    data="MLPerf's 200 test images of CIFAR-10, calibrated on training images (as JPEG)",
    architecture=architecture,
    prepare=prepare,
    takes_model=f"pretrainedResnet.h5 of github.com/mlcommons/tiny (without one {EPOCHS} epochs are trained)",
    takes_data=DATA,
)
