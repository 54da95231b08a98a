"""The images that are to be seen by a sensor, grey and between 0 and 1, each with its label."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convert.data.dataset import open_data
from convert.data.folders import LABEL_ENDINGS, SUFFIXES, read_pixels
from convert.errors import UserError
from convert.upstream.types import Values

from .options import LabelKind
from .sensor import Intensity

GREY = (0.299, 0.587, 0.114)
"""What red, green and blue bring to grey. Source: ITU-R BT.601."""

FULL_SCALES = (1.0, 255.0, 65535.0)
"""What white may be."""


@dataclass(frozen=True)
class Images:
    """``count`` images by number, intensities of 0 to 1, and their classes; None: they have none."""

    count: int
    intensity: Callable[[int], Intensity]
    classes: Callable[[int], int] | None


def open_images(path: Path, label: LabelKind) -> Images:
    """The images at ``path``, which need labels only if recordings are to be labelled with their class.

    Raises ``UserError``.
    """
    if label == "image" and (files := _alone(path)):
        return Images(len(files), _scaled(len(files), lambda i: _grey(read_pixels(files[i]), files[i].name)), None)
    data = open_data(path, input_shape=(None, None, None))
    if label == "class" and data.task != "classification":
        raise UserError(
            f"{path} has a label for every pixel, and a recording has one class; add --label image to label each "
            "with the image itself"
        )

    def grey(i: int) -> Intensity:
        return _grey(data.image(i), f"{data.name}, image {i}")

    def class_of(i: int) -> int:
        return int(np.asarray(data.label(i)))

    return Images(len(data), _scaled(len(data), grey), class_of if data.task == "classification" else None)


def _alone(path: Path) -> list[Path]:
    """The image files in the folder ``path`` if no labels lie beside them."""
    if not path.is_dir():
        return []
    files = sorted(f for f in path.iterdir() if f.suffix.lower() in SUFFIXES and not f.name.startswith("."))
    return [] if any(f.stem.endswith(LABEL_ENDINGS) for f in files) else files


def _grey(pixels: Values, name: str) -> Intensity:
    """Shape (rows, columns), as stored."""
    values = np.asarray(pixels, np.float64)
    if values.ndim == 3 and values.shape[2] == 4:
        values = values[:, :, :3]
    if values.ndim == 3:
        values = values @ np.array(GREY) if values.shape[2] == 3 else values.mean(axis=2)
    if values.ndim != 2 or not np.isfinite(values).all() or values.min(initial=0) < 0:
        raise UserError(f"{name}: intensities are finite numbers from 0 on, of shape (rows, columns); mend this image")
    return values


def _scaled(count: int, grey: Callable[[int], Intensity]) -> Callable[[int], Intensity]:
    """The images over what white is in them all: 1, 255 or 65,535."""
    largest = max(float(grey(i).max(initial=0)) for i in range(count))
    scale = next((s for s in FULL_SCALES if largest <= s), None)
    if scale is None:
        raise UserError(
            f"intensities up to {largest:g}, and white is 1, 255 or 65,535; scale the images to one of these"
        )
    return lambda i: np.asarray(grey(i) / scale)


def parts_of(
    images: Images, crop: tuple[int, int] | None, recordings: int | None, rng: np.random.Generator
) -> Iterator[tuple[int, Intensity]]:
    """Number and intensities of each image, or of parts of size ``crop`` at random places, so many of them.

    Raises ``UserError`` for images that are smaller, or of several sizes where they stay whole.
    """
    if crop is None:
        size = images.intensity(0).shape
        for i in range(images.count):
            whole = images.intensity(i)
            if whole.shape != size:
                raise UserError(
                    f"image {i} has {_words(whole.shape)} pixels and the first one {_words(size)}, but a sensor has "
                    "one size; take parts of them with --crop ROWS COLUMNS"
                )
            yield i, whole
        return
    for number in range(recordings or images.count):
        i = number % images.count
        whole = images.intensity(i)
        if whole.shape[0] < crop[0] or whole.shape[1] < crop[1]:
            raise UserError(
                f"image {i} has {_words(whole.shape)} pixels, less than --crop {crop[0]} {crop[1]}; crop less"
            )
        row, column = (int(rng.integers(whole.shape[a] - crop[a] + 1)) for a in (0, 1))
        yield i, whole[row : row + crop[0], column : column + crop[1]]


def _words(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
