"""What every data source offers, what a model expects of it, and how stored pixels become a model's image."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError
from convert.network.network import Activation
from convert.report import Task
from convert.upstream.types import Values

from .axes import fit_axes, in_words, numbers_in
from .labels import ClassMap, Label, Numbers
from .output_size import OutputSize

Image = NDArray[np.float32]

LAYOUTS = (
    "expected a .npz file with arrays x and y, a folder with one sub-folder of images for each class, "
    "a folder with the sub-folders image/ and label/ (equal file names), or NAME.png beside NAME_label.png"
)
MAX_LISTED = 5


@dataclass(frozen=True)
class Expected:
    """What the model takes and gives, shapes without the batch, as far as that is known (None).

    ``task`` is the one that was asked for; None: what the labels are says the task. ``activation`` is that of the
    output, ``output`` the size of its map, if it is one.
    """

    input_shape: tuple[int | None, ...]
    output_shape: tuple[int | None, ...] | None = None
    task: Task | None = None
    activation: Activation | None = None
    output: OutputSize | None = None

    @property
    def classes(self) -> int | None:
        """As many as the output has channels; one channel tells two classes apart."""
        channels = self.output_shape[-1] if self.output_shape else None
        return None if channels is None else max(2, channels)

    @property
    def shape_task(self) -> Task | None:
        """What the output is for, if its numbers are classes."""
        if self.task in ("classification", "segmentation") or self.output_shape is None:
            return self.task
        return "segmentation" if len(self.output_shape) == 3 else "classification"

    @property
    def output_numbers(self) -> int | None:
        """The numbers in an output."""
        return numbers_in(self.output_shape)

    @property
    def as_large_as_input(self) -> bool:
        """Whether the output has as many numbers as the input, more than one."""
        return (self.output_numbers or 0) > 1 and self.output_numbers == numbers_in(self.input_shape)

    @property
    def gives_its_input(self) -> bool:
        """Whether the output may be the input again, as an autoencoder's is: for labels that say the same."""
        return self.task in (None, "regression", "anomaly") and self.as_large_as_input

    @property
    def needs_no_labels(self) -> bool:
        """Whether the model surely gives its input again: if asked for, or if its output can be no classes' map."""
        if not self.gives_its_input or self.task is not None:
            return self.gives_its_input
        image = self.output_shape is not None and len(self.output_shape) == 3 and self.output_shape[0] != 1
        return self.activation not in (None, "softmax", *(("sigmoid",) if image else ()))

    @property
    def without_labels(self) -> str:
        """The way out of missing labels, besides adding them."""
        if not self.gives_its_input:
            return LAYOUTS
        return f"add --metric mse if the model gives its input again, else labels: {LAYOUTS}"

    def settle(self, found: Task, name: str) -> Task:
        """``found``, the task that the data's layout implies, if the model agrees."""
        wanted = self.task or (self.shape_task if found in ("classification", "segmentation") else None)
        if found == "regression" and wanted == "anomaly":
            raise UserError(f"{name}: AUC takes one label for each image, 0 or 1 for an anomaly; save these as y")
        if wanted not in (None, found, "regression" if found == "anomaly" else None):
            raise UserError(f"{name} holds {found} data, but the model's output is for {wanted}; {LAYOUTS}")
        return found


@dataclass(frozen=True)
class ImageSource:
    """Images and labels by index, read when asked for."""

    task: Task
    size: int
    image: Callable[[int], Image]
    label: Callable[[int], Label]
    class_names: tuple[str, ...] = ()
    labelled: bool = True
    """If not, a label is the image itself."""


def fit_image(pixels: Values, expected: Expected, task: Task, name: str) -> Image:
    """The stored ``pixels``, shape (h, w) or (h, w, c), as float32 in the shape the model takes, values unchanged.

    A vector (n,) or a sequence (steps, channels) fits a network whose input is one pixel or one row of them. Grey is
    repeated for a colour model; colour becomes grey, and an alpha channel goes, only where nothing is lost. All but a
    segmentation need the input's size; that takes larger images too.
    """
    if pixels.dtype.kind not in "buif":
        raise UserError(f"{name}: pixels of type {pixels.dtype} are not numbers; save them as uint8 or float32")
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        bad = int(np.count_nonzero(~np.isfinite(pixels)))
        raise UserError(f"{name}: {bad} of {pixels.size} pixels are NaN or infinite; remove or mend this image")
    pixels = fit_axes(pixels, expected.input_shape, name)
    if len(expected.input_shape) == 3:
        pixels = fit_channels(pixels, expected.input_shape[2], name)
    check_size(pixels.shape, expected, task, name)
    return np.ascontiguousarray(pixels, dtype=np.float32)


def fit_numbers(values: Values, expected: Expected, name: str) -> Numbers:
    """What the model is to give, ``values``, as float32 in the shape of its output."""
    if values.size != expected.output_numbers:
        raise UserError(
            f"{name}: a label of shape {values.shape}, the model gives {in_words(expected.output_shape or ())}; "
            "save labels of the output's shape"
        )
    numbers = np.asarray(values, np.float32).reshape([size or 1 for size in expected.output_shape or ()])
    if not np.isfinite(numbers).all():
        bad = int(np.count_nonzero(~np.isfinite(numbers)))
        raise UserError(f"{name}: {bad} of {numbers.size} numbers are NaN or infinite; remove or mend this label")
    return numbers


def fit_channels(pixels: Values, channels: int | None, name: str) -> Values:
    """``pixels`` with shape (h, w, ``channels``)."""
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3:
        raise UserError(f"{name}: an image of shape {pixels.shape}; the model takes (rows, columns, channels)")
    found = pixels.shape[2]
    if channels is None or found == channels:
        return pixels
    if pixels.shape[0] in (1, 3) and pixels.shape[0] == channels:
        raise UserError(
            f"{name}: shape {pixels.shape}, with the channels first, and the model takes them last; "
            "save the array as x.transpose(0, 2, 3, 1)"
        )
    if found in (2, 4) and channels in (1, 3) and _constant(pixels[:, :, -1]):
        return fit_channels(pixels[:, :, :-1], channels, name)
    if found == 1 and channels == 3:
        return np.repeat(pixels, 3, axis=2)
    if found == 3 and channels == 1 and (pixels == pixels[:, :, :1]).all():
        return pixels[:, :, :1]
    way_out = f"save the images with {channels} channel{'s' if channels > 1 else ''}"
    if found in (3, 4) and channels == 1:
        way_out = "save the images in grey as the model was trained on them, with Pillow's image.convert('L')"
    raise UserError(
        f"{name}: {found} channels, the model takes {channels}, and converting would lose something; {way_out}"
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
                f"{name}: {in_words(shape[:2])} pixels, less than the model's input of {in_words(wanted[:2])}; "
                "use larger images or a model with a smaller input"
            )
        return
    compared = wanted[: len(shape)] if len(shape) == 2 else wanted
    if len(shape) != len(compared) or any(w not in (None, s) for s, w in zip(shape, compared, strict=True)):
        raise UserError(f"{name}: size {in_words(shape)}, the model takes {in_words(compared)}; resize the images")


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


def _constant(values: Values) -> bool:
    return bool((values == values.flat[0]).all())
