"""The confusion matrix of a run: which classes it takes for which."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError
from convert.storage.archives import require_no_bomb
from convert.storage.streams import names_in, read_rows
from deploy.report.read import RecordedRun
from deploy.runs.folder import OUTPUTS

MOST_CLASSES = 20
"""More are no table that can be read."""

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Confusion:
    """``counts`` of images by their label (row) and by what the SNN takes them for (column)."""

    classes: tuple[str, ...]
    counts: Counts

    def share(self, label: int, taken: int) -> float:
        """Of the images of a class, 0 to 1."""
        return float(self.counts[label, taken] / max(1, self.counts[label].sum()))

    @property
    def worst(self) -> str | None:
        """The pair that is confused most, in words; None if there is none."""
        wrong = self.counts - np.diag(np.diag(self.counts))
        label, taken = np.unravel_index(int(wrong.argmax()), wrong.shape)
        if not wrong[label, taken]:
            return None
        share = f"{int(wrong[label, taken])} of {int(self.counts[label].sum())}"
        return f"Most often confused: {share} images of {self.classes[label]} are taken for {self.classes[taken]}"


def confusion_of(run: RecordedRun) -> Confusion | None:
    """The matrix of a classification with an image or more for each class, and not too many classes."""
    path = run.folder / OUTPUTS
    if run.result.task not in (None, "classification") or not path.is_file():
        return None
    try:
        require_no_bomb(path)
        if not {"outputs", "labels"} <= names_in(path):
            return None
        first = np.asarray(read_rows(path, "outputs", 1))
        if np.asarray(read_rows(path, "labels", 1)).size != 1 or not 1 <= first.size <= MOST_CLASSES:
            return None
        outputs = np.asarray(read_rows(path, "outputs", run.result.images)).reshape(-1, first.size)
        labels = np.ravel(read_rows(path, "labels", run.result.images)).astype(int)
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, KeyError) as error:
        raise UserError(f"{path} is damaged ({error}); run deploy-model again") from error
    taken = outputs.argmax(1) if first.size > 1 else np.greater_equal(outputs[:, 0], 0.5).astype(int)
    return _matrix(labels, taken, max(2, first.size), run.conversion.class_names)


def _matrix(labels: Counts, taken: Counts, classes: int, names: tuple[str, ...]) -> Confusion | None:
    if len(labels) < classes or len(labels) != len(taken) or labels.min() < 0 or labels.max() >= classes:
        return None
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, taken), 1)
    return Confusion(names if len(names) == classes else tuple(map(str, range(classes))), counts)
