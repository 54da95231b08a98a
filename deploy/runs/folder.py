"""The folder of a run: run.json, and outputs.npz for the pictures of the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convert.data.dataset import Dataset
from convert.data.labels import Labels, as_array
from convert.data.output_grid import on_grid
from convert.storage.atomic import whole_folder
from deploy.arrays import Float32

from .report import RUN, RunReport, write_run

OUTPUTS = "outputs.npz"
SHOWN = 4
"""Images kept in outputs.npz beside every output: the report shows three of them."""


def write_folder(
    folder: Path, report: RunReport, dataset: Dataset, labels: Labels, outputs: Float32, ann: Float32 | None
) -> None:
    """Writes the run's folder, whole or not at all; ``outputs`` and ``ann`` (the original's) have shape (images, ...).

    A run without an original has no array ``ann``.
    """
    with whole_folder(folder, force=True, ours=_is_part) as beside:
        write_run(beside, report)
        arrays = {
            "outputs": outputs,
            "labels": np.stack([as_array(label) for label in labels]),
            "images": np.stack([_shown(dataset, i, outputs.shape[1:]) for i in range(min(SHOWN, len(dataset)))]),
        }
        if ann is not None:
            arrays["ann"] = ann
        np.savez_compressed(beside / OUTPUTS, **arrays)  # type: ignore[arg-type]


def _is_part(path: Path) -> bool:
    return path.name in (RUN, OUTPUTS)


def _shown(dataset: Dataset, i: int, output_shape: tuple[int, ...]) -> Float32:
    """Image ``i`` where the output has pixels; as many, evenly drawn, where nobody knows."""
    image = dataset.image(i)
    if dataset.task != "segmentation":
        return image
    if dataset.grid is not None:
        return on_grid(dataset.grid, image)
    sizes = zip(output_shape[:2], image.shape[:2], strict=True)
    rows, columns = (np.arange(made) * have // made for made, have in sizes)
    return np.asarray(image[rows[:, None], columns])
