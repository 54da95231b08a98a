"""How tensors without rows and columns lie in a network, whose populations all have rows, columns and channels."""

from __future__ import annotations

from collections.abc import Sequence

from convert.network import Shape

IMAGE_RANK = 3
"""Axes of an image without the batch."""


def as_image(sizes: Sequence[int]) -> Shape | None:
    """(rows, columns, channels) of a tensor of ``sizes`` without the batch; None for more than three axes.

    A vector (n,) is one pixel, a sequence (steps, channels) one row of pixels.
    """
    padded = (1,) * (IMAGE_RANK - len(sizes)) + tuple(sizes)
    return (padded[0], padded[1], padded[2]) if len(padded) == IMAGE_RANK else None


def image_axis(axis: int, dimensions: int) -> int | None:
    """Where a layer of so many ``dimensions`` (Conv1D has one) keeps its setting for the rows (0) or columns (1) of
    the image; None where it has none."""
    at = axis + dimensions - 2
    return at if at >= 0 else None
