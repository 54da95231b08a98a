"""MLPerf Tiny's own test inputs, as EEMBC's runner has them: a folder of .bin files and y_labels.csv.

Source: the folders ad01, ic01, kws01 and vww01 of ``datasets`` in github.com/eembc/energyrunner.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike, NDArray

from convert.errors import UserError

LABELS = "y_labels.csv"
FOLDER = "the folder {name} of datasets in github.com/eembc/energyrunner, with its y_labels.csv and .bin files"


@dataclass(frozen=True)
class Inputs:
    """``x`` has one line for each file, ``y`` its class."""

    x: NDArray[np.generic]
    y: NDArray[np.int64]

    def __getitem__(self, chosen: slice | Sequence[int] | NDArray[np.generic]) -> Inputs:
        return Inputs(self.x[chosen], self.y[chosen])


def read_inputs(folder: Path, dtype: DTypeLike) -> Inputs:
    """All inputs that y_labels.csv names, in its order. Raises ``UserError`` for what is missing."""
    what = FOLDER.format(name=folder.name)
    if not (folder / LABELS).is_file():
        raise UserError(f"{folder} has no {LABELS}; give {what}")
    with (folder / LABELS).open(newline="", encoding="utf-8") as file:
        rows = [(line[0].strip(), int(line[2])) for line in csv.reader(file) if line]
    missing = [name for name, _ in rows if not (folder / name).is_file()]
    if missing:
        raise UserError(f"{folder} lacks {len(missing)} of {len(rows)} files, as {missing[0]}; give {what}")
    arrays = [np.fromfile(folder / name, dtype) for name, _ in rows]
    return Inputs(np.stack(arrays), np.array([kind for _, kind in rows]))


def split(inputs: Inputs, calibration: int, *, seed: int = 0) -> tuple[Inputs, Inputs]:
    """So many inputs drawn to calibrate with, and the others."""
    order = np.random.default_rng(seed).permutation(len(inputs.y))
    return inputs[np.sort(order[:calibration])], inputs[np.sort(order[calibration:])]


def save(folder: Path, train: Inputs, test: Inputs) -> tuple[Path, Path]:
    """Both as train.npz and test.npz in ``folder``."""
    paths = folder / "train.npz", folder / "test.npz"
    for path, part in zip(paths, (train, test), strict=True):
        np.savez(path, x=part.x, y=part.y)
    return paths
