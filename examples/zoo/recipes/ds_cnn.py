"""MLPerf Tiny's keyword spotting: a depthwise separable CNN on 49 x 10 MFCCs, twelve classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..keras_file import saved
from ..mlperf import FOLDER, Inputs, read_inputs, save, split
from ..recipe import Files, Given, Recipe

SCALE, ZERO, CALIBRATION = 0.5847029089927673, 83, 200
"""MLPerf's inputs are int8, as its quantized model takes them: (value - ZERO) * SCALE is what the float model takes."""


def architecture(path: Path) -> Path:
    """Four depthwise separable convolutions. Source: Zhang et al., "Hello Edge: Keyword Spotting", 2017."""
    from benchmarks.models.mobile import ds_cnn

    return saved(ds_cnn(), path)


def prepare(given: Given) -> Files:
    assert given.model is not None
    assert given.data is not None
    found = read_inputs(given.data, np.int8)
    features = (found.x.reshape(-1, 49, 10, 1).astype(np.float32) - ZERO) * np.float32(SCALE)
    return Files(given.model, *save(given.out, *split(Inputs(features, found.y), CALIBRATION)))


RECIPE = Recipe(
    name="ds_cnn",
    title="DS-CNN (MLPerf Tiny)",
    source="MLPerf Tiny v1, its weights: kws_ref_model of mlcommons/tiny",
    trained="Speech Commands v2, by MLPerf",
    data=f"MLPerf's 1,000 inputs of Speech Commands v2; {CALIBRATION} of them calibrate, the others are tested",
    architecture=architecture,
    prepare=prepare,
    takes_model="the folder kws_ref_model of github.com/mlcommons/tiny",
    takes_data=FOLDER.format(name="kws01"),
    makes_model=False,
)
