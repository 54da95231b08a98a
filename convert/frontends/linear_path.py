"""A linear path of a trained network, foreseen from the settings of its layers: which weight connects what.

Rows, columns and channels separate in every layer that keeps images, so three small matrices hold a whole path, and
paths chain and join by matrix arithmetic: nothing is measured, however large the images are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.network import Shape

Axis = NDArray[np.float64]
"""Shape (source positions, target positions): a number in place of the weight that connects them, 0 where none does.

Positions that share a weight have the same number, and others hardly ever."""

Connected = NDArray[np.bool_]

MANY = 2**34
"""Channels are chained one by one up to so many triples, half a second; else what gives reaches all that takes."""


@dataclass(frozen=True)
class LinearPath:
    """What a path does along ``rows`` and ``columns``, and which ``channels`` (source, target) it connects.

    From above: where paths join, a channel that any of them connects counts as connected at every pixel that any does.
    """

    rows: Axis
    columns: Axis
    channels: Connected
    of_a_vector: bool = False
    """Whether the source is a vector whose numbers lie in rows and columns only from here on."""

    @property
    def shapes(self) -> tuple[Shape, Shape]:
        """Of the source and of the target."""
        source, target = ((self.rows.shape[i], self.columns.shape[i], self.channels.shape[i]) for i in (0, 1))
        return source, target

    def before(self, second: LinearPath | None) -> LinearPath:
        """The path that goes over this one and then over ``second``, if there is one."""
        if second is None:
            return self
        square = self.rows is self.columns and second.rows is second.columns
        rows = self.rows @ second.rows
        columns = rows if square else self.columns @ second.columns
        return LinearPath(rows, columns, _chained(self.channels, second.channels), self.of_a_vector)

    def beside(self, other: LinearPath) -> LinearPath:
        """This path and another one between the same two tensors."""
        if self.shapes != other.shapes:  # a vector that lies in rows and columns in two ways
            return _everything(self.shapes)
        square = self.rows is self.columns and other.rows is other.columns
        rows = self.rows + other.rows
        columns = rows if square else self.columns + other.columns
        return LinearPath(rows, columns, self.channels | other.channels, self.of_a_vector)


def staying(shape: Shape) -> LinearPath:
    """A tensor of ``shape`` as its own source."""
    rows = np.eye(shape[0])
    columns = rows if shape[0] == shape[1] else np.eye(shape[1])
    return LinearPath(rows, columns, np.eye(shape[2], dtype=bool))


def _everything(shapes: tuple[Shape, Shape]) -> LinearPath:
    rows, columns, channels = (np.ones(sizes) for sizes in zip(*shapes, strict=True))
    return LinearPath(rows, columns, channels > 0, of_a_vector=True)


def _chained(first: Connected, second: Connected) -> Connected:
    if first.all() or second.all() or first.size * second.shape[1] > MANY:
        return np.asarray(np.outer(first.any(axis=1), second.any(axis=0)))
    return np.asarray((first.astype(np.float32) @ second.astype(np.float32)) > 0)
