"""What every data source offers, what a model expects of it, and how stored pixels become a model's image."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError
from convert.upstream.types import Values

from .output_size import OutputSize

Task = Literal["classification", "segmentation"]
Image = NDArray[np.float32]
ClassMap = NDArray[np.uint8]

LAYOUTS = (
    "expected a .npz file with arrays x and y, a folder with one sub-folder of images for each class, "
    "a folder with the sub-folders image/ and label/ (equal file names), or NAME.png beside NAME_label.png"
)
MAX_LISTED = 5


@dataclass(frozen=True)
class Expected:
    """What the model wants: its input's shape without the batch (None: any size); classes, task and output if known."""

    input_shape: tuple[int | None, ...]
    classes: int | None = None
    task: Task | None = None
    output: OutputSize | None = None

    def settle(self, found: Task, name: str) -> Task:
        """``found``, the task that the data's layout implies, if the model agrees."""
        if self.task not in (None, found):
            raise UserError(f"{name} holds {found} data, but the model's output is for {self.task}; {LAYOUTS}")
        return found


@dataclass(frozen=True)
class ImageSource:
    """Images and labels by index, read when asked for."""

    task: Task
    size: int
    image: Callable[[int], Image]
    label: Callable[[int], int | ClassMap]
    class_names: tuple[str, ...]


def fit_image(pixels: Values, expected: Expected, task: Task, name: str) -> Image:
    """The stored ``pixels``, shape (h, w) or (h, w, c), as float32 in the shape the model takes, values unchanged.

    A vector fits a model of vectors and a network whose input is (1, 1, n). Grey is repeated for a colour model; colour
    becomes grey, and an alpha channel goes, only where nothing is lost. Classification needs the input's size;
    segmentation takes larger images too.
    """
    if pixels.dtype.kind not in "buif":
        raise UserError(f"{name}: pixels of type {pixels.dtype} are not numbers; save them as uint8 or float32")
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        bad = int(np.count_nonzero(~np.isfinite(pixels)))
        raise UserError(f"{name}: {bad} of {pixels.size} pixels are NaN or infinite; remove or mend this image")
    if pixels.ndim == 1 and tuple(expected.input_shape) == (1, 1, pixels.size):
        pixels = pixels.reshape(1, 1, -1)
    if len(expected.input_shape) == 3:
        pixels = fit_channels(pixels, expected.input_shape[2], name)
    check_size(pixels.shape, expected, task, name)
    return np.ascontiguousarray(pixels, dtype=np.float32)


def fit_channels(pixels: Values, channels: int | None, name: str) -> Values:
    """``pixels`` with shape (h, w, ``channels``)."""
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3:
        raise UserError(f"{name}: an image of shape {pixels.shape}; the model takes (rows, columns, channels)")
    found = pixels.shape[2]
    if channels is None or found == channels:
        return pixels
    if found in (2, 4) and channels in (1, 3) and _constant(pixels[:, :, -1]):
        return fit_channels(pixels[:, :, :-1], channels, name)
    if found == 1 and channels == 3:
        return np.repeat(pixels, 3, axis=2)
    if found == 3 and channels == 1 and (pixels == pixels[:, :, :1]).all():
        return pixels[:, :, :1]
    raise UserError(
        f"{name}: {found} channels, the model takes {channels}, and converting would lose something; "
        f"save the images with {channels} channel{'s' if channels > 1 else ''}"
    )


def check_size(shape: tuple[int, ...], expected: Expected, task: Task, name: str) -> None:
    """Raises ``UserError`` unless an image of ``shape`` fits the model: equal, or larger for segmentation."""
    wanted = expected.input_shape
    if task == "segmentation" and len(shape) >= 2 and len(wanted) == 3:
        if expected.output is not None:
            if problem := expected.output.image_problem((shape[0], shape[1])):
                raise UserError(f"{name}: {problem}")
            return
        if any(limit is not None and have < limit for have, limit in zip(shape[:2], wanted[:2], strict=True)):
            raise UserError(
                f"{name}: {_size(shape[:2])} pixels, less than the model's input of {_size(wanted[:2])}; "
                "use larger images or a model with a smaller input"
            )
        return
    compared = wanted[: len(shape)] if len(shape) == 2 else wanted
    if len(shape) != len(compared) or any(w not in (None, s) for s, w in zip(shape, compared, strict=True)):
        raise UserError(f"{name}: size {_size(shape)}, the model takes {_size(compared)}; resize the images")


def fit_class_map(values: Values, expected: Expected, name: str) -> ClassMap:
    """Class of every pixel, shape (h, w): from indices, a binary mask of 0 and 255, or one-hot channels."""
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[:, :, 0]
    if values.ndim == 3 and values.shape[2] == 3 and expected.classes != 3:
        if not (values == values[:, :, :1]).all():
            raise UserError(f"{name}: a colour label; save the class index of every pixel in one channel")
        values = values[:, :, 0]
    if values.ndim == 3:
        if not (((values == 0) | (values == 1)).all() and (values.sum(axis=2) == 1).all()):
            raise UserError(
                f"{name}: a label with {values.shape[2]} channels that are not one-hot; "
                "save the class index of every pixel in one channel"
            )
        values = values.argmax(axis=2)
    if values.ndim != 2:
        raise UserError(f"{name}: a label of shape {values.shape}; it takes the class of every pixel, (rows, columns)")
    classes = 2 if expected.classes is None else expected.classes
    if classes == 2 and values.max(initial=0) == 255 and ((values == 0) | (values == 255)).all():
        values = values == 255
    return check_classes(values, expected.classes, name).astype(np.uint8)


def check_classes(values: Values, classes: int | None, name: str) -> Values:
    """``values`` if they are whole numbers from 0 to ``classes`` - 1."""
    if values.dtype.kind not in "buif" or (values.dtype.kind == "f" and not (values == np.floor(values)).all()):
        raise UserError(f"{name}: labels of type {values.dtype} that are not whole numbers; save class indices")
    limit = 256 if classes is None else classes
    low, high = values.min(initial=0), values.max(initial=0)
    if low < 0 or high >= limit:
        raise UserError(
            f"{name}: labels from {low:g} to {high:g}, but the model's classes are 0 to {limit - 1}; "
            "renumber the labels or take the data that the model was trained for"
        )
    return values


def listed(names: Iterable[object]) -> str:
    """The first few of ``names`` and how many more there are."""
    every = [str(name) for name in names]
    more = len(every) - MAX_LISTED
    return ", ".join(every[:MAX_LISTED]) + (f" and {more} more" if more > 0 else "")


def first_problems(problems: list[str]) -> UserError:
    """The first few of ``problems`` as one error."""
    more = len(problems) - MAX_LISTED
    return UserError([*problems[:MAX_LISTED], *([f"... and {more} more like these"] if more > 0 else [])])


def _size(shape: tuple[int | None, ...]) -> str:
    return " x ".join("any" if n is None else str(n) for n in shape)


def _constant(values: Values) -> bool:
    return bool((values == values.flat[0]).all())
