"""Images and labels in a .npz file, mapped into memory and read one at a time."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError
from convert.storage.archives import stored_at
from convert.storage.damage import DAMAGED, too_little_memory
from convert.upstream.types import Values

from .events.arrays import LISTED
from .labels import ClassMap, Marked, Numbers
from .tasks import chunks, let_go, one_hot, task_of
from .validation import Expected, Image, ImageSource, check_classes, fit_class_map, fit_image, fit_numbers

PAIRS = (
    ("x", "y"),
    ("x_test", "y_test"),
    ("x_train", "y_train"),
    ("image", "label"),
    ("images", "labels"),
    ("images", "masks"),
    ("image", "mask"),
)


def open_archive(path: Path, expected: Expected) -> ImageSource:
    """The images and labels in the .npz file ``path``; every value is checked once, a part at a time.

    A model that gives its input again takes an archive without labels, too.
    """
    x, y = _arrays(path, expected)
    problems = [_array_problem(name, array) for name, array in (("x", x), ("y", y)) if array is not None]
    if any(problems):
        raise UserError([f"{path.name}: {problem}" for problem in problems if problem])
    if not len(x) or (y is not None and len(x) != len(y)):
        raise UserError(
            f"{path.name}: {len(x)} images and {0 if y is None else len(y)} labels; give one label for each image"
        )
    y = None if y is None else _as_maps(x, y, expected)
    task = expected.settle("regression" if y is None else task_of(x, y, expected), path.name)
    _check_finite(x, path.name)

    def image(i: int) -> Image:
        found = fit_image(np.array(x[i]), expected, task, f"{path.name}, image {i}")
        let_go(x)
        return found

    image(0)
    if y is None or task in ("regression", "anomaly"):
        return _numbers(path, len(x), y, expected, image)
    if task == "segmentation":
        return _segmentation(path, x, y, expected, image)
    classes = check_classes(_class_indices(y, path.name), expected.classes, path.name).astype(np.int64)
    count = expected.classes or int(classes.max()) + 1
    return ImageSource(task, len(x), image, lambda i: int(classes[i]), tuple(str(k) for k in range(count)))


def _numbers(path: Path, size: int, y: Values | None, expected: Expected, image: Callable[[int], Image]) -> ImageSource:
    """Labels that are numbers of the output's shape, or marks of anomalies, or the images themselves."""

    def again(i: int) -> Numbers:
        return fit_numbers(image(i), expected, f"{path.name}, image {i}")

    if y is None:
        return ImageSource("regression", size, image, again, labelled=False)
    labels: Values = y
    if labels[0].size != expected.output_numbers:
        marks = np.asarray(labels).reshape(-1).astype(bool)
        return ImageSource("anomaly", size, image, lambda i: Marked(again(i), bool(marks[i])))
    _check_finite(labels, path.name, "labels", "numbers")
    return ImageSource("regression", size, image, lambda i: fit_numbers(labels[i], expected, f"{path.name}, label {i}"))


def _segmentation(path: Path, x: Values, y: Values, expected: Expected, image: Callable[[int], Image]) -> ImageSource:
    size, output = image(0).shape[:2], expected.output
    if output is not None and (problem := output.label_problem((size[0], size[1]), (y.shape[1], y.shape[2]))):
        raise UserError(f"{path.name}: {problem}")
    if output is None and size != y.shape[1:3]:
        raise UserError(f"{path.name}: images of {size} pixels with labels of {y.shape[1:3]}; sizes must agree")

    def label(i: int) -> ClassMap:
        found = fit_class_map(np.array(y[i]), expected, f"{path.name}, label {i}")
        let_go(y)
        return found

    count = expected.classes or max(int(label(i).max()) for i in range(len(y))) + 1
    if expected.classes:
        for i in range(len(y)):
            label(i)
    return ImageSource("segmentation", len(x), image, label, tuple(str(k) for k in range(max(count, 2))))


def _arrays(path: Path, expected: Expected) -> tuple[Values, Values | None]:
    """The images and labels by the one pair of names in ``PAIRS`` that the archive holds.

    Images alone are enough for a model that needs no labels.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = {member.removesuffix(".npy") for member in archive.namelist()}
            found = [pair for pair in PAIRS if set(pair) <= names]
            alone = sorted({x for x, _ in PAIRS} & names)
            if set(LISTED) <= names:  # whose x would be taken for images
                raise UserError(f"{path.name} holds recordings of an event sensor, and the model takes images")
            if not found and len(alone) == 1 and expected.needs_no_labels:
                return _mapped(path, archive, alone[0]), None
            if len(found) == 1:
                return _mapped(path, archive, found[0][0]), _mapped(path, archive, found[0][1])
    except DAMAGED as error:
        if too_little_memory(error, path):
            raise
        raise UserError(f"{path}: cannot be read as a .npz file ({error}); save it again with numpy.savez") from error
    held = ", ".join(sorted(names)) or "nothing"
    if found:
        raise UserError(f"{path.name} holds {held}: more than one dataset; save the one you mean as x and y")
    raise UserError(f"{path.name} holds {held}, no images x with labels y; {expected.without_labels}")


def _mapped(path: Path, archive: zipfile.ZipFile, name: str) -> Values:
    """The array ``name`` as a memory map: in place if stored, from a temporary file if compressed."""
    info = archive.getinfo(f"{name}.npy")
    if info.compress_type == zipfile.ZIP_STORED:
        with path.open("rb") as file:
            file.seek(stored_at(file, info))
            return _map_npy(file)
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if info.file_size > free:
        raise OSError(f"{name} unpacks to {info.file_size:,} bytes, and {tempfile.gettempdir()} has room for {free:,}")
    with tempfile.TemporaryFile() as unpacked, archive.open(info) as packed:
        while chunk := packed.read(2**20):
            unpacked.write(chunk)
        unpacked.seek(0)
        return _map_npy(unpacked)


def _map_npy(file: IO[bytes]) -> Values:
    """The array whose .npy header begins at the position of ``file``. Source: numpy.lib.format."""
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read_header(file)
    if dtype.hasobject:
        raise ValueError("an array of Python objects")
    if 0 in shape:
        return np.zeros(shape, dtype)
    return np.memmap(file, dtype=dtype, mode="r", offset=file.tell(), shape=shape, order="F" if fortran else "C")


def _array_problem(name: str, array: Values) -> str | None:
    if array.dtype.kind not in "buif":
        return f"{name} has type {array.dtype}; save numbers, such as uint8 or float32"
    return None if array.ndim >= 1 else f"{name} is a single number; it takes one entry for each image"


def _as_maps(x: Values, y: Values, expected: Expected) -> Values:
    """``y`` with rows and columns, where those of a segmentation are (n, rows * columns, ...) or (n, steps, ...)."""
    if expected.shape_task != "segmentation" or x.ndim < 3 or not 2 <= y.ndim <= 3:
        return y
    if expected.input_shape[0] == 1 and x.ndim == 3 and y.shape[1] == x.shape[1]:
        return y[:, None]
    sizes = [x.shape[1:3], *([expected.output.size] if expected.output else [])]
    found = [size for size in sizes if y.shape[1:3] not in sizes and y.shape[1] == prod(size)]
    return y.reshape(len(y), *found[0], *y.shape[2:]) if found else y


def _class_indices(y: Values, name: str) -> Values:
    """Class of every image from indices (n,), (n, 1) or one-hot rows (n, classes)."""
    if y[0].size == 1:
        return np.asarray(y).reshape(len(y))
    y = np.asarray(y).reshape(len(y), -1)
    if not one_hot(y):
        raise UserError(
            f"{name}: y has shape {y.shape} but its rows are not one-hot; save class indices, shape (n,), or "
            "numbers of the output's shape"
        )
    return np.asarray(y.argmax(axis=1))


def _check_finite(x: Values, name: str, what: str = "images", numbers: str = "pixels") -> None:
    if x.dtype.kind != "f":
        return
    bad = np.flatnonzero(np.concatenate([_not_finite(part) for part in chunks(x)]))
    if len(bad):
        raise UserError(
            f"{name}: {len(bad)} of {len(x)} {what} hold NaN or infinite {numbers}, first {what[:-1]} {bad[0]}; "
            "remove or mend them"
        )


def _not_finite(images: Values) -> NDArray[np.bool_]:
    """Which images hold NaN or infinity."""
    return np.asarray(~np.isfinite(images.reshape(len(images), -1)).all(axis=1))
