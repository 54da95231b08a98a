"""What a model takes: images of one size, or a sentence that says what else it takes."""

from __future__ import annotations

from pathlib import Path

from convert.upstream.types import Model

Shapes = list[tuple[int | None, ...]]
"""Of each input, without the batch."""


def shapes_of(model: Model) -> Shapes:
    return [tuple(tensor.shape)[1:] for tensor in model.inputs]


def input_problems(path: Path, shapes: Shapes) -> list[str]:
    """Why inputs of ``shapes`` are not the channels of one image, and the way out."""
    if any(len(shape) != 3 or None in shape for shape in shapes):
        return [
            f"{path} takes inputs of shape {_all(shapes)}; an image of fixed size (rows, columns, channels) is needed: "
            "rebuild the model with keras.Input(shape=(rows, columns, channels))"
        ]
    if len({shape[:2] for shape in shapes}) > 1:
        return [
            f"{path} takes inputs of shape {_all(shapes)}; several inputs become channels of one image, so all need "
            "equal rows and columns: resize the images, and the model's inputs, to one size"
        ]
    return []


def _all(shapes: Shapes) -> str:
    return ", ".join(str(shape) for shape in shapes)
