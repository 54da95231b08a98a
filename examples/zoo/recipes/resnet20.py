"""ResNet-20 for CIFAR-10: a Keras file of the user's, or one that is trained here for hours."""

from __future__ import annotations

from pathlib import Path

from ..cifar import CIFAR10, cifar10_folders, trained_on_cifar10
from ..keras_file import saved
from ..recipe import Files, Given, Recipe

EPOCHS = 164


def architecture(path: Path) -> Path:
    """Three stages of three blocks, 16, 32 and 64 channels. Source: He et al. 2016, section 4.2."""
    from keras import Input, Model, layers

    from benchmarks.models.blocks import classes, conv_relu, residual

    image = Input((32, 32, 3))
    x = conv_relu(layers.Rescaling(1 / 127.5, -1)(image), 16)
    for filters, first in ((16, 1), (32, 2), (64, 2)):
        for stride in (first, 1, 1):
            x = residual(x, filters, stride)
    return saved(Model(image, classes(x)), path)


def prepare(given: Given) -> Files:
    train, test = cifar10_folders(given)
    model = given.model or trained_on_cifar10(architecture, given.out / "resnet20.keras", train, EPOCHS)
    return Files(model, train, test)


RECIPE = Recipe(
    name="resnet20",
    title="ResNet-20",
    source="He et al. 2016; the weights are a file that was given",
    trained="CIFAR-10, elsewhere, to 0.865",
    data="CIFAR-10, its test images as JPEG",
    architecture=architecture,
    prepare=prepare,
    takes_model=f"a Keras file of a classifier for CIFAR-10 (without one {EPOCHS} epochs are trained: hours)",
    takes_data=CIFAR10,
    options={"deploy-model": "--images 1000"},
)
