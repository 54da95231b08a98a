"""A part of a graph that is linear, as ``convert.lowering`` takes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from convert.frontends.original import Function, Images
from convert.network import Array, Shape
from convert.network.network import Activation

from .layer import Tensor
from .model import Model


@dataclass(frozen=True)
class GraphSegment:
    """Everything linear before one population or readout: a ``convert.frontends.original.Segment``.

    ``function`` leads from the outputs of ``sources`` (in their order) to the target's ``drive``; ``activation`` is the
    host's for a readout, None for a population.
    """

    target: str
    source_layer: str
    shape: Shape
    sources: tuple[str, ...]
    function: Model
    drive: Tensor
    activation: Activation | None

    def bias(self) -> Array:
        """The drive for silent sources, of the segment's shape."""
        silent = [np.zeros((1, *tensor.sizes), np.float32) for tensor in self.function.inputs]
        (found,) = self.function.values(silent, self.function.outputs)
        return np.asarray(found, np.float64).reshape(self.shape)

    def linear(self, source: str) -> tuple[Function, Function]:
        """The linear part with respect to ``source``, as a function on images, and its adjoint."""
        at = self.sources.index(source)
        start, end = self.function.inputs[at], self.function.outputs[0]

        def response(images: Images) -> Images:
            given = images.reshape(len(images), *start.sizes)
            return np.array(self.function.response(start, given), np.float32).reshape(len(images), *self.shape)

        def adjoint(images: Images) -> Images:
            given = images.reshape(len(images), *end.sizes)
            found = np.array(self.function.back(start, given), np.float32)
            return found.reshape(len(images), *_as_image(start))

        return response, adjoint


def _as_image(tensor: Tensor) -> Shape:
    rows, columns, channels = ((1,) * 3 + tensor.sizes)[-3:]
    return rows, columns, channels
