"""The folder of a run: run.json, and outputs.npz for the pictures of the report."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from convert.data.dataset import Dataset
from convert.data.evaluate import targets
from convert.data.labels import as_array
from convert.data.output_grid import on_grid
from convert.provenance import digests
from convert.storage.atomic import whole_folder
from convert.storage.locks import locked
from convert.storage.streams import Rows, write_rows
from deploy.arrays import Float32

from .checkpoint import RunCheckpoint
from .report import RUN, RunReport, write_run

OUTPUTS = "outputs.npz"
SHOWN = 4
"""Images kept in outputs.npz beside every output: the report shows three of them."""


def write_folder(folder: Path, report: RunReport, dataset: Dataset, checkpoint: RunCheckpoint) -> RunReport:
    """Writes the run's folder, whole or not at all, from what ``checkpoint`` has of all images, one at a time.

    A run without an original has no array ``ann``. Nobody reads the bundle's runs meanwhile. Returns what run.json
    holds.
    """
    count, every = len(dataset), range(len(dataset))
    shape = checkpoint.read(0).output.shape
    arrays = {
        "outputs": Rows(count, (checkpoint.read(i).output for i in every)),
        "labels": Rows(count, (as_array(label) for label in targets(dataset))),
        "images": Rows(min(SHOWN, count), (_shown(dataset, i, shape) for i in every[:SHOWN])),
    }
    if report.metrics.ann is not None:
        arrays["ann"] = Rows(count, (checkpoint.original(i) for i in every))
    with locked(folder.parent, wait=True), whole_folder(folder, force=True, ours=_is_part) as beside:
        write_rows(beside / OUTPUTS, arrays)
        report = _sealed(beside, report)
        write_run(beside, report)
    return report


def _sealed(folder: Path, report: RunReport) -> RunReport:
    """``report`` with the digest of the outputs in ``folder``."""
    if report.provenance is None:
        return report
    sealed = msgspec.structs.replace(report.provenance, parts=digests(folder, [OUTPUTS]))
    return msgspec.structs.replace(report, provenance=sealed)


def _is_part(path: Path) -> bool:
    return path.name in (RUN, OUTPUTS)


def _shown(dataset: Dataset, i: int, output_shape: tuple[int, ...]) -> Float32:
    """Image ``i`` where the output has pixels; as many, evenly drawn, where nobody knows."""
    image = dataset.image(i)
    if image.ndim > 3:  # a recording: where there were events
        return np.asarray(image.sum(axis=(0, 3))[:, :, None])
    if dataset.task != "segmentation":
        return image
    if dataset.grid is not None:
        return on_grid(dataset.grid, image)
    sizes = zip(output_shape[:2], image.shape[:2], strict=True)
    rows, columns = (np.arange(made) * have // made for made, have in sizes)
    return np.asarray(image[rows[:, None], columns])
