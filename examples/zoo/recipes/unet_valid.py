"""The original U-Net's form: 'valid' convolutions and cropped skips, trained here for minutes."""

from __future__ import annotations

from pathlib import Path

from ..em import EM, em_folders
from ..keras_file import saved
from ..recipe import Files, Given, Recipe


def architecture(path: Path) -> Path:
    """188 x 188 pixels to 100 x 100, 16 to 128 channels. Source: Ronneberger et al., "U-Net", 2015."""
    from benchmarks.accuracy.valid_unet import original_unet

    return saved(original_unet(), path)


def prepare(given: Given) -> Files:
    train, test = em_folders(given)
    model = given.model or given.out / "unet_valid.keras"
    if given.model is None:
        from benchmarks.accuracy.valid_unet import main

        main(train, model)
    return Files(model, train, test)


RECIPE = Recipe(
    name="unet_valid",
    title="U-Net, original form ('valid')",
    source="Ronneberger et al. 2015 with a quarter of the channels and three poolings, trained by the recipe",
    trained="ISBI 2012, 18 slices, 2,600 batches of 4: five minutes of processor time",
    data="ISBI 2012, whole slices of 512 x 512 that were not trained on",
    architecture=architecture,
    prepare=prepare,
    takes_model="a file of benchmarks/accuracy/valid_unet.py (without one it is trained: five minutes)",
    takes_data=EM,
    options={
        "convert-model": "--max-pooling average --calibration-images 16 --timesteps 96",
        "deploy-model": "--images 2",
    },
)
