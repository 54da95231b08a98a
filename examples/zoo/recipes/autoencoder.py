"""MLPerf Tiny's anomaly detection: a fully connected autoencoder on spectra of toy cars."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..keras_file import saved
from ..mlperf import FOLDER, Inputs, read_inputs, save
from ..recipe import Files, Given, Recipe

BANDS, FRAMES, HIDDEN, CODE = 128, 5, 128, 8
CALIBRATION, CALIBRATED, WINDOWS = 20, 25, 8
"""Normal recordings that calibrate, windows of each; windows of each that is tested. They are evenly spaced, of 196."""


def architecture(path: Path) -> Path:
    """640 numbers through a code of 8 and back. Source: Koizumi et al., "ToyADMOS", 2019; DCASE 2020, task 2."""
    from keras import Input, Model, layers

    spectra = Input((BANDS * FRAMES,))
    x = spectra
    for units in (*[HIDDEN] * 4, CODE, *[HIDDEN] * 4):
        x = layers.ReLU()(layers.BatchNormalization()(layers.Dense(units)(x)))
    return saved(Model(spectra, layers.Dense(BANDS * FRAMES)(x)), path)


def windows(recordings: NDArray[Any], count: int) -> NDArray[Any]:
    """``count`` windows of ``FRAMES`` frames of each recording (n, frames * BANDS), as vectors: (n, count, 640)."""
    frames = recordings.reshape(len(recordings), -1, BANDS)
    starts = np.linspace(0, frames.shape[1] - FRAMES, count).astype(int)
    return np.concatenate([frames[:, s : s + FRAMES].reshape(len(frames), -1)[:, None] for s in starts], axis=1)


def prepare(given: Given) -> Files:
    assert given.model is not None
    assert given.data is not None
    found = read_inputs(given.data, np.float32)
    normal = np.flatnonzero(found.y == 0)
    normal = normal[:: max(1, len(normal) // CALIBRATION)][:CALIBRATION]  # of all machines
    rest = np.setdiff1d(np.arange(len(found.y)), normal)
    parts = []
    for chosen, count in ((normal, CALIBRATED), (rest, WINDOWS)):
        x = windows(found.x[chosen], count)
        parts.append(Inputs(x.reshape(-1, x.shape[-1]), found.y[chosen].repeat(count)))
    return Files(given.model, *save(given.out, *parts))


def remark(files: Files, run: Path) -> str:
    """The AUC of whole recordings, by the mean over their windows, as MLPerf takes it over all 196."""
    with np.load(files.test) as data, np.load(run / "outputs.npz") as found:
        x, anomalous = data["x"], data["y"].reshape(-1, WINDOWS)[:, 0] == 1
        errors = [((x - found[key]) ** 2).mean(axis=1) for key in ("outputs", "ann")]
    spiking, original = (_auc(error.reshape(-1, WINDOWS).mean(axis=1), anomalous) for error in errors)
    return f"By recording, from the mean over its {WINDOWS} windows: AUC {spiking:.3f}, the original has {original:.3f}"


def _auc(scores: NDArray[np.floating], marked: NDArray[np.bool_]) -> float:
    """The share of pairs in which what is marked scores higher."""
    return float((scores[marked][:, None] > scores[~marked]).mean())


RECIPE = Recipe(
    name="autoencoder",
    title="Autoencoder (MLPerf Tiny)",
    source="MLPerf Tiny v1, its weights: ad01.h5 of mlcommons/tiny",
    trained="ToyADMOS, normal toy cars, by MLPerf",
    data=f"MLPerf's 248 recordings of ToyADMOS: {CALIBRATION} normal ones calibrate, of the others {WINDOWS} windows "
    "each are tested, every one for itself",
    architecture=architecture,
    prepare=prepare,
    remark=remark,
    takes_model="ad01.h5 of github.com/mlcommons/tiny",
    takes_data=FOLDER.format(name="ad01"),
    makes_model=False,
    options={"convert-model": "--metric auc --calibration-images 500"},
)
