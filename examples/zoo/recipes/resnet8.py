"""MLPerf Tiny's image classification: ResNet-8 on CIFAR-10."""

from __future__ import annotations

from pathlib import Path

from ..cifar import CIFAR10, cifar10_folders, trained_on_cifar10
from ..keras_file import saved
from ..recipe import Files, Given, Recipe

EPOCHS = 60


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
    train, test = cifar10_folders(given)
    model = given.model or trained_on_cifar10(architecture, given.out / "resnet8.keras", train, EPOCHS)
    return Files(model, train, test)


RECIPE = Recipe(
    name="resnet8",
    title="ResNet-8 (MLPerf Tiny)",
    source="MLPerf Tiny v1, its weights: pretrainedResnet.h5 of mlcommons/tiny",
    trained="CIFAR-10, by MLPerf",
    data="CIFAR-10, its test images as JPEG",
    architecture=architecture,
    prepare=prepare,
    takes_model=f"pretrainedResnet.h5 of github.com/mlcommons/tiny (without one {EPOCHS} epochs are trained)",
    takes_data=CIFAR10,
    options={"deploy-model": "--images 1000"},
)
