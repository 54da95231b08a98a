"""What a model takes: images, sequences or vectors of one size, or a sentence that says what else it takes."""

from __future__ import annotations

from pathlib import Path

from convert.network import Shape
from convert.upstream.types import Model

from .shapes import IMAGE_RANK, as_image

Shapes = list[tuple[int | None, ...]]
"""Of each input, without the batch."""


def shapes_of(model: Model) -> Shapes:
    return [tuple(tensor.shape)[1:] for tensor in model.inputs]


def as_images(shapes: Shapes) -> list[Shape]:
    """The rows, columns and channels in which inputs of fixed ``shapes`` lie."""
    found = [as_image([size or 0 for size in shape]) for shape in shapes]
    return [image for image in found if image is not None]


def input_problems(path: Path, shapes: Shapes) -> list[str]:
    """Why inputs of ``shapes`` are not the channels of one image, sequence or vector, and the way out."""
    if any(not 1 <= len(shape) <= IMAGE_RANK or None in shape for shape in shapes):
        return [
            f"{path} takes inputs of shape {_all(shapes)}; an image of fixed size (rows, columns, channels) is needed, "
            "or a sequence (steps, channels) or vector (values,) of fixed length: rebuild the model with keras.Input "
            "of such a shape"
        ]
    if len({image[:2] for image in as_images(shapes)}) > 1:
        return [
            f"{path} takes inputs of shape {_all(shapes)}; several inputs become channels of one image, so all need "
            "equal rows and columns: resize the images, and the model's inputs, to one size"
        ]
    return []


def _all(shapes: Shapes) -> str:
    return ", ".join(str(shape) for shape in shapes)
