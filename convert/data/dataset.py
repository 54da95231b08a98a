"""Datasets that are read as they are needed: from a .npz file, class folders or image/label pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError
from convert.upstream.types import Values

from .folders import open_folder
from .npz import open_archive
from .validation import LAYOUTS, ClassMap, Expected, Image, ImageSource, Task


@dataclass(frozen=True)
class Dataset:
    """Images with their labels; ``indices`` says which of the source's, and in which order."""

    source: ImageSource = field(repr=False)
    indices: NDArray[np.int64] = field(repr=False)

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
) -> Dataset:
    """The images and labels at ``path`` for a model of ``input_shape`` and ``target_shape``, both without the batch.

    Layouts: a .npz file with x and y; one sub-folder of images for each class (alphabetical order); sub-folders image/
    and label/ with equal file stems; or NAME.png beside NAME_label.png. Raises ``UserError`` for what does not fit.
    """
    if problems := output_problems(input_shape, target_shape):
        raise UserError(problems)
    path = Path(path)
    expected = Expected(tuple(input_shape), _classes(target_shape), task or _task(target_shape))
    if not path.exists():
        raise UserError(f"{path}: no such file or folder; {LAYOUTS}")
    if path.is_dir():
        source = open_folder(path, expected)
    elif path.suffix.lower() == ".npz":
        source = open_archive(path, expected)
    else:
        raise UserError(f"{path}: a {path.suffix or 'nameless'} file is not a dataset; {LAYOUTS}")
    return Dataset(source, np.arange(source.size))


def output_problems(input_shape: Sequence[int | None], target_shape: Sequence[int | None] | None) -> list[str]:
    """Why no data has labels for a model of these shapes, and the way out."""
    if target_shape is None or len(target_shape) != 3 or tuple(target_shape[:2]) == tuple(input_shape[:2]):
        return []
    made, taken = (" x ".join(map(str, shape[:2])) for shape in (target_shape, input_shape))
    return [
        f"the model makes {made} pixels of {taken}; a segmentation needs one output pixel for each "
        "input pixel, a classification a Dense output"
    ]


def _task(target_shape: Sequence[int | None] | None) -> Task | None:
    if target_shape is None:
        return None
    return "segmentation" if len(target_shape) == 3 else "classification"


def _classes(target_shape: Sequence[int | None] | None) -> int | None:
    """The number of classes of an output with that many channels; one channel tells two classes apart."""
    channels = target_shape[-1] if target_shape else None
    return None if channels is None else max(2, channels)
