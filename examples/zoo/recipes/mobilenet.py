"""MLPerf Tiny's visual wake words: MobileNetV1 0.25 on 96 x 96 pixels, person or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..keras_file import saved
from ..mlperf import FOLDER, Inputs, read_inputs, save, split
from ..recipe import Files, Given, Recipe

SIDE, CALIBRATION = 96, 200


def architecture(path: Path) -> Path:
    """Thirteen depthwise separable convolutions. Source: Chowdhery et al., "Visual Wake Words Dataset", 2019."""
    from benchmarks.models.mobile import visual_wake_words

    return saved(visual_wake_words(), path)


def prepare(given: Given) -> Files:
    assert given.model is not None
    assert given.data is not None
    found = read_inputs(given.data, np.uint8)
    images = found.x.reshape(-1, SIDE, SIDE, 3).astype(np.float32) / 255  # what it was trained on
    return Files(given.model, *save(given.out, *split(Inputs(images, found.y), CALIBRATION)))


RECIPE = Recipe(
    name="mobilenet",
    title="MobileNetV1 0.25 (MLPerf Tiny)",
    source="MLPerf Tiny v1, its weights: vww_96.h5 of mlcommons/tiny",
    trained="Visual Wake Words, by MLPerf",
    data=f"MLPerf's 1,000 images of Visual Wake Words; {CALIBRATION} of them calibrate, 400 of the others are tested",
    architecture=architecture,
    prepare=prepare,
    takes_model="vww_96.h5 of github.com/mlcommons/tiny",
    takes_data=FOLDER.format(name="vww01"),
    makes_model=False,
    options={"deploy-model": "--images 400"},
)
