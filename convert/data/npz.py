"""Images and labels in a .npz file, mapped into memory and read one at a time."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError
from convert.upstream.types import Values

from .validation import LAYOUTS, ClassMap, Expected, Image, ImageSource, Task, check_classes, fit_class_map, fit_image

PAIRS = (
    ("x", "y"),
    ("x_test", "y_test"),
    ("x_train", "y_train"),
    ("image", "label"),
    ("images", "labels"),
    ("images", "masks"),
    ("image", "mask"),
)
CHUNK_BYTES = 64 * 2**20
LOCAL_HEADER_BYTES = 30


def open_archive(path: Path, expected: Expected) -> ImageSource:
    """The images and labels in the .npz file ``path``; every value is checked once, a part at a time."""
    x, y = _pair(path)
    problems = [_array_problem(name, array) for name, array in (("x", x), ("y", y))]
    if any(problems):
        raise UserError([f"{path.name}: {problem}" for problem in problems if problem])
    if len(x) != len(y) or not len(x):
        raise UserError(f"{path.name}: {len(x)} images and {len(y)} labels; give one label for each image")
    y = _as_maps(x, y, expected)
    task = expected.settle(_task_of(y, expected), path.name)
    _check_finite(x, path.name)

    def image(i: int) -> Image:
        return fit_image(x[i], expected, task, f"{path.name}, image {i}")

    image(0)
    if task == "segmentation":
        return _segmentation(path, x, y, expected, image)
    labels = check_classes(_class_indices(y, path.name), expected.classes, path.name).astype(np.int64)
    count = expected.classes or int(labels.max()) + 1
    return ImageSource(task, len(x), image, lambda i: int(labels[i]), tuple(str(k) for k in range(count)))


def _segmentation(path: Path, x: Values, y: Values, expected: Expected, image: Callable[[int], Image]) -> ImageSource:
    output = expected.output
    if output is not None and (problem := output.label_problem(x.shape[1:3], y.shape[1:3])):
        raise UserError(f"{path.name}: {problem}")
    if output is None and x.shape[1:3] != y.shape[1:3]:
        raise UserError(f"{path.name}: images of {x.shape[1:3]} pixels with labels of {y.shape[1:3]}; sizes must agree")

    def label(i: int) -> ClassMap:
        return fit_class_map(y[i], expected, f"{path.name}, label {i}")

    count = expected.classes or max(int(label(i).max()) for i in range(len(y))) + 1
    if expected.classes:
        for i in range(len(y)):
            label(i)
    return ImageSource("segmentation", len(x), image, label, tuple(str(k) for k in range(max(count, 2))))


def _pair(path: Path) -> tuple[Values, Values]:
    """The images and labels by the one pair of names in ``PAIRS`` that the archive holds."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = {member.removesuffix(".npy") for member in archive.namelist()}
            found = [pair for pair in PAIRS if set(pair) <= names]
            if len(found) == 1:
                return _mapped(path, archive, found[0][0]), _mapped(path, archive, found[0][1])
    except (OSError, zipfile.BadZipFile, ValueError, EOFError, KeyError) as error:
        raise UserError(f"{path}: cannot be read as a .npz file ({error}); save it again with numpy.savez") from error
    held = ", ".join(sorted(names)) or "nothing"
    if found:
        raise UserError(f"{path.name} holds {held}: more than one dataset; save the one you mean as x and y")
    raise UserError(f"{path.name} holds {held}, no images x with labels y; {LAYOUTS}")


def _mapped(path: Path, archive: zipfile.ZipFile, name: str) -> Values:
    """The array ``name`` as a memory map: in place if stored, from a temporary file if compressed."""
    info = archive.getinfo(f"{name}.npy")
    if info.compress_type == zipfile.ZIP_STORED:
        with path.open("rb") as file:
            file.seek(info.header_offset)
            header = file.read(LOCAL_HEADER_BYTES)
            lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
            file.seek(info.header_offset + LOCAL_HEADER_BYTES + lengths)
            return _map_npy(file)
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
    """``y`` with rows and columns, where the labels of a segmentation are (n, rows * columns, ...)."""
    sizes = [x.shape[1:3], *([expected.output.size] if expected.output else [])]
    in_a_row = expected.task == "segmentation" and x.ndim >= 3 and 2 <= y.ndim <= 3 and y.shape[1:3] not in sizes
    found = [size for size in sizes if in_a_row and y.shape[1] == prod(size)]
    return y.reshape(len(y), *found[0], *y.shape[2:]) if found else y


def _task_of(y: Values, expected: Expected) -> Task:
    if y.ndim <= 2 or (expected.task == "classification" and max(y.shape[1:]) == y[0].size):
        return "classification"
    return "segmentation"


def _class_indices(y: Values, name: str) -> Values:
    """Class of every image from indices (n,), (n, 1) or one-hot rows (n, classes)."""
    if y[0].size == 1:
        return np.asarray(y).reshape(len(y))
    y = np.asarray(y).reshape(len(y), -1)
    if not (((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all()):
        raise UserError(f"{name}: y has shape {y.shape} but its rows are not one-hot; save class indices, shape (n,)")
    return np.asarray(y.argmax(axis=1))


def _check_finite(x: Values, name: str) -> None:
    if x.dtype.kind != "f":
        return
    step = max(1, CHUNK_BYTES // max(1, x[0].nbytes))
    bad = [start + int(i) for start in range(0, len(x), step) for i in _not_finite(x[start : start + step])]
    if bad:
        raise UserError(
            f"{name}: {len(bad)} of {len(x)} images hold NaN or infinite pixels, first image {bad[0]}; "
            "remove or mend them"
        )


def _not_finite(images: Values) -> NDArray[np.intp]:
    """The indices of images that hold NaN or infinity."""
    return np.flatnonzero(~np.isfinite(images.reshape(len(images), -1)).all(axis=1))
