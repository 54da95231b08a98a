"""What a label may be: a class, a class for every pixel, numbers to be given, or a mark of an anomaly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from convert.upstream.types import Values

ClassMap = NDArray[np.uint8]
Numbers = NDArray[np.float32]
"""What the model is to give, of its output's shape."""


@dataclass(frozen=True)
class Marked:
    """An input that the model is to give again, of its output's shape, and whether it is an anomaly."""

    numbers: Numbers = field(repr=False)
    anomaly: bool


Label = int | ClassMap | Numbers | Marked
Labels = Sequence[Label]


def as_array(label: Label) -> Values:
    """A label as it is stored beside outputs: the mark of an anomaly, without the input."""
    return np.asarray(label.anomaly if isinstance(label, Marked) else label)


def numbers_of(label: Label) -> Values:
    """What the model is to give."""
    return np.asarray(label.numbers if isinstance(label, Marked) else label)
