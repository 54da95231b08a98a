"""A part of a Keras model that is linear, as ``convert.lowering`` takes it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from convert.frontends.keras.paths.reach import shape_of
from convert.frontends.original import Function, Images
from convert.network import Array, Shape
from convert.network.network import Activation
from convert.upstream.tensorflow import load_tensorflow
from convert.upstream.types import Model, Node, Tensor

from .nodes import nodes_of

LOUD = 2.0**12
"""By how much impulses are larger than 1: no bias then swallows the last bits of a weight."""


@dataclass(frozen=True)
class KerasSegment:
    """Everything linear before one population or readout: a ``convert.frontends.original.Segment``.

    ``function`` is a tf-keras model from the outputs of ``sources`` (in their order) to the target's drive, and
    ``drive`` the same tensor in the whole model's graph;
    ``activation`` is the host's for a readout, None for a population.
    """

    target: str
    source_layer: str
    shape: Shape
    sources: tuple[str, ...]
    function: Model
    drive: Tensor
    activation: Activation | None

    def bias(self) -> Array:
        """The drive for silent sources; where zeros are padded it differs by pixel."""
        silent = self._silent[id(self.function.outputs[0])]
        return np.asarray(silent, np.float64).reshape(self.shape)

    def linear(self, source: str) -> tuple[Function, Function]:
        """The linear part with respect to ``source``, as a function on images, and its adjoint."""
        tf = load_tensorflow()
        start, end = self.function.inputs[self.sources.index(source)], self.function.outputs[0]
        silent = self._silent[id(end)]

        def response(images: Images) -> Images:
            loud = tf.constant(images.reshape(len(images), *start.shape[1:])) * LOUD
            values = (self._run(start, loud) - silent) / LOUD
            return np.asarray(values, dtype=np.float32).reshape(len(images), *self.shape)

        @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
        def gradient(seeds: Tensor) -> Tensor:  # in a graph, for eager gradients are those of the filters, too
            zeros = tf.zeros((tf.shape(seeds)[0], *start.shape[1:]))
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(zeros)
                values = self._run(start, zeros)
            return tape.gradient(values, zeros, output_gradients=seeds)

        def adjoint(images: Images) -> Images:
            seeds = tf.constant(images.reshape(len(images), *end.shape[1:]))
            return np.asarray(gradient(seeds), dtype=np.float32).reshape(len(images), *shape_of(start))

        return response, adjoint

    @cached_property
    def _silent(self) -> dict[int, Tensor]:
        """What each tensor of ``function`` is for silent sources, by id."""
        tf = load_tensorflow()
        values = {id(tensor): tf.zeros((1, *tensor.shape[1:])) for tensor in self.function.inputs}
        for node in nodes_of(self.function):
            values[id(node.outputs)] = _call(node, [values[id(tensor)] for tensor in node.keras_inputs])
        return values

    def _run(self, start: Tensor, images: Tensor) -> Tensor:
        """The drive for ``images`` in place of the tensor ``start``; only the layers that it reaches are run."""
        tf = load_tensorflow()
        silent, values, count = self._silent, {id(start): images}, tf.shape(images)[0]
        for node in nodes_of(self.function):
            tensors = [id(tensor) for tensor in node.keras_inputs]
            if any(tensor in values for tensor in tensors):
                given = [values[t] if t in values else tf.repeat(silent[t], count, axis=0) for t in tensors]
                values[id(node.outputs)] = _call(node, given)
        return values[id(self.function.outputs[0])]


def _call(node: Node, inputs: list[Tensor]) -> Tensor:
    return node.layer(inputs if len(inputs) > 1 else inputs[0])
