"""Datasets that are read as they are needed: from a .npz file, class folders or image/label pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError
from convert.report import OutputGrid
from convert.upstream.types import Values

from .folders import open_folder
from .npz import open_archive
from .output_size import output_of
from .validation import LAYOUTS, ClassMap, Expected, Image, ImageSource, Task


@dataclass(frozen=True)
class Dataset:
    """Images with their labels; ``indices`` says which of the source's, and in which order."""

    source: ImageSource = field(repr=False)
    indices: NDArray[np.int64] = field(repr=False)
    grid: OutputGrid | None = None
    """Where a segmentation's output has pixels; None: wherever the labels have."""

    @property
    def task(self) -> Task:
        return self.source.task

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.source.class_names

    def __len__(self) -> int:
        return len(self.indices)

    def image(self, i: int) -> Image:
        """Image ``i``, float32 (h, w, c), pixel values as stored (0 to 255 for 8 bit)."""
        return self.source.image(int(self.indices[i]))

    def label(self, i: int) -> int | ClassMap:
        """The class of image ``i``, or the class of every pixel, uint8 (h, w)."""
        return self.source.label(int(self.indices[i]))

    def batches(self, size: int, limit: int | None = None) -> Iterator[tuple[Image, Values]]:
        """Images (b, h, w, c) and labels (b,) or (b, h, w), ``size`` at a time, of the first ``limit`` images.

        Segmentation images must be of one size; cut others with ``convert.data.crops``.
        """
        count = len(self) if limit is None else min(limit, len(self))
        for start in range(0, count, size):
            chosen = range(start, min(start + size, count))
            yield np.stack([self.image(i) for i in chosen]), np.asarray([self.label(i) for i in chosen])

    def subset(self, indices: Sequence[int] | NDArray[np.intp]) -> Dataset:
        """The images at ``indices``, in that order."""
        return replace(self, indices=self.indices[np.asarray(indices, dtype=np.int64)])

    def shuffled(self, seed: int) -> Dataset:
        return self.subset(np.random.default_rng(seed).permutation(len(self)))


def open_data(
    path: str | Path,
    *,
    input_shape: Sequence[int | None],
    target_shape: Sequence[int | None] | None = None,
    task: Task | None = None,
    grid: OutputGrid | None = None,
) -> Dataset:
    """The images and labels at ``path`` for a model of ``input_shape`` and ``target_shape``, both without the batch.

    ``grid`` says where a segmentation that has not a pixel for each of the input's has them. Without it labels have the
    output's size, and images the input's.
    Layouts: a .npz file with x and y; one sub-folder of images for each class (alphabetical order); sub-folders image/
    and label/ with equal file stems; or NAME.png beside NAME_label.png. Raises ``UserError`` for what does not fit.
    """
    path = Path(path)
    output = output_of(input_shape, target_shape, grid)
    expected = Expected(tuple(input_shape), _classes(target_shape), task or _task(target_shape), output)
    if not path.exists():
        raise UserError(f"{path}: no such file or folder; {LAYOUTS}")
    if path.is_dir():
        source = open_folder(path, expected)
    elif path.suffix.lower() == ".npz":
        source = open_archive(path, expected)
    else:
        raise UserError(f"{path}: a {path.suffix or 'nameless'} file is not a dataset; {LAYOUTS}")
    return Dataset(source, np.arange(source.size), None if output is None else output.grid)


def _task(target_shape: Sequence[int | None] | None) -> Task | None:
    if target_shape is None:
        return None
    return "segmentation" if len(target_shape) == 3 else "classification"


def _classes(target_shape: Sequence[int | None] | None) -> int | None:
    """The number of classes of an output with that many channels; one channel tells two classes apart."""
    channels = target_shape[-1] if target_shape else None
    return None if channels is None else max(2, channels)
