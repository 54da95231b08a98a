"""Settings for each axis of pixels, and sequences as images of one row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from convert.frontends.graph.layer import Array, Layer
from convert.network.correlation import Pair


def each(layer: Layer, name: str, dimensions: int) -> None:
    """Makes the setting ``name`` of a new ``layer`` one number for each of its ``dimensions``, as Keras has it."""
    given = np.atleast_1d(np.asarray(getattr(layer, name), int))
    object.__setattr__(layer, name, tuple(np.broadcast_to(given, dimensions).tolist()))


def pair(numbers: Sequence[int], otherwise: int) -> Pair:
    """``numbers`` of rows and columns; a sequence's rows have ``otherwise``."""
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (otherwise, numbers[0])


def as_images(x: Array) -> Array:
    """Sequences (n, steps, channels) as images of one row."""
    return x if x.ndim == 4 else x[:, None]
