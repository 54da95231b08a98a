"""What labels are for, seen from their numbers and from the model's output: classes, maps, numbers, marks of anomalies.

Where the task is not given, labels are classes if they can be: numbers are what classes cannot be, so that a mistake in
the classes of a segmentation stays one.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator

import numpy as np

from convert.report import Task
from convert.upstream.types import Values

from .validation import Expected

CHUNK_BYTES = 64 * 2**20


def task_of(x: Values, y: Values, expected: Expected) -> Task:
    """The task of labels ``y``, one for each of the images ``x``."""
    if expected.task in (None, "regression", "anomaly"):
        if are_marks(y, expected):
            return "anomaly"
        if are_numbers(x, y, expected):
            return "regression"
    if y.ndim <= 2 or (expected.shape_task == "classification" and max(y.shape[1:]) == y[0].size):
        return "classification"
    return "segmentation"


def are_marks(y: Values, expected: Expected) -> bool:
    """Whether ``y`` has a 0 or 1 for each image of a model that gives its input again."""
    if not expected.gives_its_input or y[0].size != 1 or not _all(y, _zeros_and_ones):
        return False
    classes = expected.activation == "softmax" or expected.output_numbers == 2  # which 0 and 1 may number
    return expected.task == "anomaly" or not classes


def are_numbers(x: Values, y: Values, expected: Expected) -> bool:
    """Whether ``y`` has, for each image, what a model is to give: numbers that are no classes."""
    if y[0].size != expected.output_numbers:
        return False
    if expected.task is not None:
        return True
    if expected.activation == "softmax":
        return False
    if not _whole(y) or _same(x, y):
        return True
    if expected.activation in (None, "sigmoid") or expected.shape_task == "segmentation":
        return False
    if y[0].size == 1:
        return not _all(y, _zeros_and_ones)
    return not one_hot(y)


def one_hot(y: Values) -> bool:
    """Whether each row of ``y``, shape (n, ...), has a single one among zeros."""
    rows = np.asarray(y).reshape(len(y), -1)
    return bool(((rows == 0) | (rows == 1)).all() and (rows.sum(axis=1) == 1).all())


def _zeros_and_ones(part: Values) -> Values:
    return np.asarray((part == 0) | (part == 1))


def _whole(y: Values) -> bool:
    return y.dtype.kind != "f" or _all(y, lambda part: part == np.floor(part))


def _all(y: Values, holds: Callable[[Values], Values]) -> bool:
    return all(bool(holds(part).all()) for part in chunks(y))


def _same(x: Values, y: Values) -> bool:
    """Whether all numbers are equal, in whatever shape."""
    if x[0].size != y[0].size:
        return False
    step = _step(x)
    return all(
        np.array_equal(np.ravel(part), np.ravel(y[i * step : (i + 1) * step])) for i, part in enumerate(chunks(x))
    )


def chunks(array: Values) -> Iterator[Values]:
    """``array`` in parts of some megabytes, which may lie in a file."""
    step = _step(array)
    for start in range(0, len(array), step):
        yield np.asarray(array[start : start + step])
        let_go(array)


def let_go(array: Values) -> None:
    """Takes what has been read of an array that lies in a file out of this process's memory; it can be read again."""
    base: object = array
    while base is not None and not isinstance(base, mmap.mmap):
        base = getattr(base, "base", None)
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):  # not on Windows
        base.madvise(mmap.MADV_DONTNEED)


def _step(array: Values) -> int:
    return max(1, CHUNK_BYTES // max(1, array[:1].nbytes))
