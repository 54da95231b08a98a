"""What a front end hands on: a trained network in segments, and what it computes on images.

``convert.lowering``, ``convert.calibration`` and ``convert.training`` know nothing else of the file that it came from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from convert.network import Array, Shape
from convert.network.network import Activation

Images = NDArray[np.float32]
"""Shape (images, rows, columns, channels), raw pixel values."""

Function = Callable[[Images], Images]
"""From (batch, rows, columns, channels) to (batch, rows, columns, channels), linear."""


class Segment(Protocol):
    """Everything linear before one population or readout, from the outputs of its ``sources`` to its drive."""

    @property
    def target(self) -> str:
        """The population or the readout."""
        ...

    @property
    def source_layer(self) -> str:
        """The kind of layer that it is known by."""
        ...

    @property
    def shape(self) -> Shape: ...

    @property
    def sources(self) -> tuple[str, ...]: ...

    @property
    def activation(self) -> Activation | None:
        """The host's, for a readout; None for a population, which is a ReLU."""
        ...

    def bias(self) -> Array:
        """The drive for silent sources, of the segment's shape."""
        ...

    def linear(self, source: str) -> tuple[Function, Function]:
        """The linear part with respect to one source, as a function on images, and its adjoint."""
        ...


class Original(Protocol):
    """What a trained network computes, population by population; all in its own units."""

    def activities(self, images: Images) -> Mapping[str, Images]:
        """The outputs of the ReLUs, each of shape (images, *shape of the population)."""
        ...

    def drives(self, images: Images) -> Mapping[str, Images]:
        """The inputs of the ReLUs, likewise."""
        ...

    def logits(self, images: Images) -> Sequence[NDArray[np.float32]]:
        """The readouts before their activation, shapes (images, ...)."""
        ...

    def lesson(self, images: Images) -> tuple[Mapping[str, Images], NDArray[np.float32]]:
        """``activities`` and the first of ``logits``, for less than both."""
        ...

    def outputs(self, images: Images) -> NDArray[np.float32]:
        """The first output, shape (images, ...)."""
        ...
