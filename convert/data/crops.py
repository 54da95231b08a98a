"""Images larger than a model's input: overlapping crops, stitched again, and random crops for training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from convert.errors import UserError
from convert.upstream.types import Values

from .dataset import Dataset
from .labels import numbers_of
from .output_grid import Size, mirrored, on_grid, output_size


def crop_positions(image_size: Size, crop_size: Size, overlap: int) -> list[Size]:
    """Top left corners of the fewest evenly spread crops that cover the image and overlap by ``overlap`` or more."""
    if any(image < crop for image, crop in zip(image_size, crop_size, strict=True)):
        raise UserError(
            f"an image of {image_size[0]} x {image_size[1]} pixels is smaller than the model's input of "
            f"{crop_size[0]} x {crop_size[1]}; use larger images or a model with a smaller input"
        )
    if not 0 <= overlap < min(crop_size):
        raise UserError(
            f"an overlap of {overlap} pixels does not fit crops of {crop_size[0]} x {crop_size[1]}; "
            f"choose 0 to {min(crop_size) - 1}"
        )
    rows, columns = (_starts(image, crop, overlap) for image, crop in zip(image_size, crop_size, strict=True))
    return [(row, column) for row in rows for column in columns]


def cut(image: Values, positions: Sequence[Size], size: Size) -> Values:
    """The crops of ``image``, shape (h, w, ...), at ``positions``: shape (crops, *size, ...)."""
    return np.stack([image[row : row + size[0], column : column + size[1]] for row, column in positions])


def stitch(crops: Values, positions: Sequence[Size], image_size: Size) -> NDArray[np.float32]:
    """The image of which ``crops``, shape (crops, h, w, ...), are parts: where they overlap, their mean weighted by a
    squared sine, largest in a crop's middle. Raises ``UserError`` if they leave a pixel uncovered."""
    height, width = crops.shape[1:3]
    window = np.outer(_sine_squared(height), _sine_squared(width))
    window = window.reshape(window.shape + (1,) * (crops.ndim - 3))
    total = np.zeros((*image_size, *crops.shape[3:]))
    weight = np.zeros((*image_size, *(1,) * (crops.ndim - 3)))
    for crop, (row, column) in zip(crops, positions, strict=True):
        total[row : row + height, column : column + width] += window * crop
        weight[row : row + height, column : column + width] += window
    if not weight.all():
        raise UserError(f"{np.count_nonzero(weight == 0)} of {weight.size} pixels are in no crop; take more crops")
    return (total / weight).astype(np.float32)


def training_batches(
    dataset: Dataset, size: int, crop: Size, seed: int, *, first: int = 0, augment: bool = True
) -> Iterator[tuple[Values, Values]]:
    """One epoch of images (b, h, w, c) and labels in random order, ``size`` at a time, differently for every seed.

    It starts with batch ``first``, which is the same whether those before have been asked for or not.

    Classification: every image once, mirrored left to right at random; sequences and vectors are not mirrored. Numbers
    to be given: every image once as it is. Segmentation: as many random crops of size ``crop`` as would tile each
    image, mirrored and turned by multiples of 90 degrees (180 if ``crop`` is not square), with labels where the output
    has pixels; a row of pixels stays. Without ``augment`` none is mirrored or turned.
    """
    order = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(dataset)), _repeats(dataset, crop)))
    for batch in range(first, ceil(len(order) / size)):
        rng = np.random.default_rng((seed, batch))
        chosen = order[batch * size : (batch + 1) * size]
        pairs = [_augmented(dataset, int(i), crop, rng, augment) for i in chosen]
        yield np.stack([image for image, _ in pairs]), np.asarray([label for _, label in pairs])


def batches_per_epoch(dataset: Dataset, size: int, crop: Size) -> int:
    """How many batches ``training_batches`` gives."""
    return ceil(sum(_repeats(dataset, crop)) / size)


def _repeats(dataset: Dataset, crop: Size) -> list[int]:
    """How often each image comes in an epoch."""
    if dataset.task != "segmentation":
        return [1] * len(dataset)
    return [tiling_crops(dataset, i, crop) for i in range(len(dataset))]


def tiling_crops(dataset: Dataset, i: int, crop: Size) -> int:
    """How many crops tile image ``i`` with their outputs."""
    rows, columns = dataset.image(i).shape[:2]
    size, made = (int(rows), int(columns)), crop
    if dataset.grid is not None:
        size, made = output_size(dataset.grid, size), dataset.grid.size
    return ceil(size[0] / made[0]) * ceil(size[1] / made[1])


def _augmented(dataset: Dataset, i: int, crop: Size, rng: np.random.Generator, augment: bool) -> tuple[Values, Values]:
    image, label = dataset.image(i), numbers_of(dataset.label(i))
    flipped = bool(rng.random() < 0.5) and augment and image.ndim == 3 and len(image) > 1
    if dataset.task == "classification":
        return (image[:, ::-1] if flipped else image), label
    if dataset.task != "segmentation":
        return image, label
    if image.shape[:2] != label.shape[:2]:  # labels of the output's size: how it would turn with the image is not known
        return image, label
    if dataset.grid is not None:
        image, label = (mirrored(array, dataset.grid)[0] for array in (image, label))
    row, column = (int(rng.integers(0, have - want + 1)) for have, want in zip(image.shape[:2], crop, strict=True))
    turns = int(rng.integers(4)) if crop[0] == crop[1] else 2 * int(rng.integers(2))
    turns = turns if augment and len(image) > 1 else 0
    parts = (cut(array, [(row, column)], crop)[0] for array in (image, label))
    image, label = (np.rot90(part[:, ::-1] if flipped else part, turns) for part in parts)
    return image, label if dataset.grid is None else on_grid(dataset.grid, label)


def _starts(image: int, crop: int, overlap: int) -> list[int]:
    count = ceil((image - crop) / (crop - overlap)) + 1
    return [int(start) for start in np.linspace(0, image - crop, count).round()]


def _sine_squared(length: int) -> NDArray[np.float64]:
    """Positive everywhere, 1 in the middle."""
    return np.asarray(np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 2)
