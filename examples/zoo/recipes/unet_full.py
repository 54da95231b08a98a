"""A U-Net for electron micrographs at its full size: a Keras file of the user's."""

from __future__ import annotations

from pathlib import Path

from ..em import EM, em_folders
from ..keras_file import saved
from ..recipe import Files, Given, Recipe

CHANNELS = (12, 24, 48, 96)


def architecture(path: Path) -> Path:
    """Three poolings, two convolutions a level, transposed convolutions. Source: Ronneberger et al., "U-Net", 2015."""
    from keras import Input, Model, layers

    from benchmarks.models.blocks import conv_relu

    image = Input((128, 128, 1))
    x, skips = layers.Rescaling(1 / 255)(image), []
    for filters in CHANNELS[:-1]:
        skips.append(conv_relu(conv_relu(x, filters), filters))
        x = layers.MaxPooling2D()(skips[-1])
    x = conv_relu(conv_relu(x, CHANNELS[-1]), CHANNELS[-1])
    for filters, skip in zip(CHANNELS[-2::-1], skips[::-1], strict=True):
        x = layers.Concatenate()([layers.Conv2DTranspose(filters, 2, strides=2)(x), skip])
        x = conv_relu(conv_relu(x, filters), filters)
    return saved(Model(image, layers.Conv2D(1, 1, activation="sigmoid")(x)), path)


def prepare(given: Given) -> Files:
    assert given.model is not None
    return Files(given.model, *em_folders(given))


RECIPE = Recipe(
    name="unet_full",
    title="U-Net, full",
    source="12, 24, 48 and 96 channels; the weights are a file that was given",
    trained="ISBI 2012, 18 slices, elsewhere",
    data="ISBI 2012, whole slices of 512 x 512 that were not trained on",
    architecture=architecture,
    prepare=prepare,
    takes_model="a Keras file of a U-Net for grey images",
    takes_data=EM,
    makes_model=False,
    options={"convert-model": "--max-pooling average --timesteps 96", "deploy-model": "--images 2"},
)
