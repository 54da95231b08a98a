"""Datasets that are read as they are needed: from a .npz file, class folders or image/label pairs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError
from convert.network.network import Activation
from convert.report import OutputGrid, Task
from convert.upstream.types import Values

from .folders import open_folder
from .labels import Label, as_array, numbers_of
from .npz import open_archive
from .output_size import output_of
from .validation import LAYOUTS, Expected, Image, ImageSource


@dataclass(frozen=True)
class Dataset:
    """Images with their labels; ``indices`` says which of the source's, and in which order; ``name`` is its file's."""

    source: ImageSource = field(repr=False)
    indices: NDArray[np.int64] = field(repr=False)
    name: str = ""
    grid: OutputGrid | None = None
    """Where a segmentation's output has pixels; None: wherever the labels have."""
    simulated: str | None = None
    """How its events were simulated; None: they were not, or there are none."""

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

    @property
    def labelled(self) -> bool:
        """Whether there are labels; if not, the images are what the model is to give."""
        return self.source.labelled

    def label(self, i: int) -> Label:
        """The class of image ``i``, or the class of every pixel, uint8 (h, w), or what the model is to give."""
        return self.source.label(int(self.indices[i]))

    def batches(self, size: int, limit: int | None = None) -> Iterator[tuple[Image, Values]]:
        """Images (b, h, w, c) and labels (b, ...), ``size`` at a time, of the first ``limit`` images.

        Segmentation images must be of one size; cut others with ``convert.data.crops``.
        """
        count = len(self) if limit is None else min(limit, len(self))
        for start in range(0, count, size):
            chosen = range(start, min(start + size, count))
            yield np.stack([self.image(i) for i in chosen]), np.asarray([numbers_of(self.label(i)) for i in chosen])

    def digest(self, labels: Iterable[Label]) -> str:
        """What the images and their ``labels`` are, wherever they lie: SHA-256 of sizes, types and numbers."""
        found = hashlib.sha256(repr((self.task, self.class_names, len(self))).encode())
        for i, label in enumerate(labels):
            for array in (self.image(i), np.asarray(as_array(label)), np.asarray(numbers_of(label))):
                found.update(repr((array.shape, array.dtype.str)).encode())
                found.update(np.ascontiguousarray(array).data)
        return found.hexdigest()

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
    activation: Activation | None = None,
    grid: OutputGrid | None = None,
) -> Dataset:
    """The images and labels at ``path`` for a model of ``input_shape`` and ``target_shape``, both without the batch.

    ``task`` None: what the labels are says it, with the ``activation`` of the output; classes if they can be classes.
    ``grid`` says where a segmentation that has not a pixel for each of the input's has them. Without it labels have the
    output's size, and images the input's.
    Layouts: a .npz file with x and y; one sub-folder of images for each class (alphabetical order); sub-folders image/
    and label/ with equal file stems; or NAME.png beside NAME_label.png. Raises ``UserError`` for what does not fit.
    """
    path = Path(path)
    require_layout(path)
    output_shape = None if target_shape is None else tuple(target_shape)
    output = output_of(input_shape, target_shape, grid)
    expected = Expected(tuple(input_shape), output_shape, task, activation, output)
    source = open_folder(path, expected) if path.is_dir() else open_archive(path, expected)
    of_maps = source.task == "segmentation" and output is not None
    return Dataset(source, np.arange(source.size), path.name, output.grid if output is not None and of_maps else None)


def require_layout(path: Path) -> None:
    """Raises ``UserError`` for what is no dataset by its name."""
    if not path.exists():
        raise UserError(f"{path}: no such file or folder; {LAYOUTS}")
    if not path.is_dir() and not path.is_file():
        raise UserError(f"{path}: neither a file nor a folder; {LAYOUTS}")
    if path.is_file() and path.suffix.lower() != ".npz":
        raise UserError(f"{path}: a {path.suffix or 'nameless'} file is not a dataset; {LAYOUTS}")
