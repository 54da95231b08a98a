"""The size of a segmentation's output, and which images and labels go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convert.report import OutputGrid

from .output_grid import Size, least_image


@dataclass(frozen=True)
class OutputSize:
    """The rows and columns of a model's input and output, and where the latter's lie, ``grid``; None: nobody knows."""

    input_size: Size
    size: Size
    grid: OutputGrid | None

    def image_problem(self, image: Size) -> str | None:
        """Why the model makes no segmentation of an image of that size, and the way out."""
        if image == self.input_size or (self.grid is not None and min(np.subtract(image, least_image(self.grid))) >= 0):
            return None
        if self.grid is None:
            return (
                f"{_text(image)} pixels, the model takes {_text(self.input_size)}, and which of them its "
                f"{_text(self.size)} output pixels are its layers do not tell; cut the images to the input's size"
            )
        least = f"{'input of' if self.grid.is_whole else 'output, which spans'} {_text(least_image(self.grid))}"
        return (
            f"{_text(image)} pixels, less than the model's {least}; use larger images or a model with a smaller input"
        )

    def label_problem(self, image: Size, label: Size) -> str | None:
        """Why a label of that size does not go with an image of that size, and the way out."""
        if (image, label) == (self.input_size, self.size) or (label == image and self.grid is not None):
            return None
        if label == image:
            return (
                f"labels of {_text(label)} pixels; the model makes {_text(self.size)} of {_text(image)}, and which of "
                f"them these are its layers do not tell: give labels of {_text(self.size)} pixels, those of the output"
            )
        return f"a label of {label} pixels for an image of {image}"


def output_of(
    input_shape: Sequence[int | None], target_shape: Sequence[int | None] | None, grid: OutputGrid | None
) -> OutputSize | None:
    """The output of a model of these shapes, both without the batch; None if it is no map or of any size."""
    if target_shape is None or len(target_shape) != 3 or len(input_shape) != 3:
        return None
    (rows, columns), (made_rows, made_columns) = input_shape[:2], target_shape[:2]
    if rows is None or columns is None or made_rows is None or made_columns is None:
        return None
    input_size, size = (rows, columns), (made_rows, made_columns)
    if grid is None and size == input_size:
        grid = OutputGrid(input_size=input_size, size=size)
    return OutputSize(input_size, size, grid)


def _text(size: Size) -> str:
    return " x ".join(map(str, size))
