"""A graph of layers between tensors, and what its tensors are for images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from .layer import Array, Layer, Node, Sizes, Tensor


class InputLayer(Layer):
    """What the graph is given."""


def Input(shape: Sequence[int], name: str) -> Tensor:  # noqa: N802, as in Keras
    """A tensor of the sizes ``shape`` that the graph is given."""
    layer = InputLayer(name=name)
    node = Node(layer, (), tuple(int(size) for size in shape))
    layer.calls.append(node)
    return node.outputs


class Model:
    """All between ``inputs`` and ``outputs``, both tensors of one graph; inputs may lie inside it."""

    def __init__(self, inputs: Tensor | Sequence[Tensor], outputs: Tensor | Sequence[Tensor], name: str = "model"):
        self.inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
        self.outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
        self.name = name

    @cached_property
    def nodes(self) -> list[Node]:
        """The calls in feed-forward order: those farthest from the outputs first, else as they were built."""
        depth: dict[Node, int] = {}
        ends = {id(tensor) for tensor in self.inputs}
        reached = self._reached(ends)
        for node in sorted(reached, key=lambda node: node.number, reverse=True):  # users before what they use
            depth.setdefault(node, 0)
            for tensor in node.keras_inputs:
                if id(tensor) not in ends:
                    depth[tensor.node] = max(depth.get(tensor.node, 0), depth[node] + 1)
        return sorted(reached, key=lambda node: (-depth[node], node.number))

    def _reached(self, ends: set[int]) -> list[Node]:
        found: dict[int, Node] = {}
        stack = [tensor.node for tensor in self.outputs if id(tensor) not in ends]
        while stack:
            node = stack.pop()
            if id(node) not in found and not node.is_input:
                found[id(node)] = node
                stack.extend(tensor.node for tensor in node.keras_inputs if id(tensor) not in ends)
        return list(found.values())

    @property
    def layers(self) -> list[Layer]:
        return list({id(node.layer): node.layer for node in self.nodes}.values())

    @property
    def output_names(self) -> list[str]:
        return [tensor.node.layer.name for tensor in self.outputs]

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        return self.inputs[0].shape

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        return self.outputs[0].shape

    def __call__(self, images: Array | Sequence[Array], training: bool = False) -> Array | list[Array]:
        """The outputs, one or a list, for one array or one for each input."""
        given = list(images) if isinstance(images, (list, tuple)) else [np.asarray(images)]
        found = self.values(given, self.outputs)
        return found if len(found) > 1 else found[0]

    def values(self, given: Sequence[Array], wanted: Sequence[Tensor]) -> list[Array]:
        """What the tensors ``wanted`` are where the inputs are ``given``; what no later layer takes is let go."""
        held = {id(tensor): array for tensor, array in zip(self.inputs, given, strict=True)}
        left = _uses(self.nodes, wanted)
        for node in self.nodes:
            held[id(node.outputs)] = node.layer.apply(*(held[id(tensor)] for tensor in node.keras_inputs))
            for tensor in node.keras_inputs:
                left[id(tensor)] -= 1
                if not left[id(tensor)]:
                    del held[id(tensor)]
        return [held[id(tensor)] for tensor in wanted]

    def response(self, start: Tensor, images: Array) -> Array:
        """The linear part of the first output with respect to ``start``, one of the inputs, for ``images`` in it."""
        held = {id(start): images}
        for node in self.nodes:
            if any(id(tensor) in held for tensor in node.keras_inputs):
                arrays = [held.get(id(tensor), _zeros(tensor.sizes, images)) for tensor in node.keras_inputs]
                held[id(node.outputs)] = node.layer.linear(*arrays)
        return held[id(self.outputs[0])]

    def back(self, start: Tensor, seed: Array) -> Array:
        """The adjoint of ``response``: ``seed`` (images, *sizes of the output) back to ``start``."""
        reached = {id(start)}
        for node in self.nodes:
            if any(id(tensor) in reached for tensor in node.keras_inputs):
                reached.add(id(node.outputs))
        held = {id(self.outputs[0]): seed}
        for node in reversed(self.nodes):
            if id(node.outputs) in reached and id(node.outputs) in held:
                parts = node.layer.adjoint(held.pop(id(node.outputs)), *(t.sizes for t in node.keras_inputs))
                for tensor, part in zip(node.keras_inputs, parts, strict=True):
                    if id(tensor) in reached:
                        held[id(tensor)] = held[id(tensor)] + part if id(tensor) in held else part
        return held[id(start)]


def _uses(nodes: Iterable[Node], wanted: Iterable[Tensor]) -> dict[int, int]:
    """How many times each tensor is taken, one more for those that are ``wanted``."""
    found: dict[int, int] = {}
    for tensor in (*(tensor for node in nodes for tensor in node.keras_inputs), *wanted):
        found[id(tensor)] = found.get(id(tensor), 0) + 1
    return found


def _zeros(sizes: Sizes, like: Array) -> Array:
    """As many images as ``like`` of zeros, in the memory of one number."""
    return np.broadcast_to(np.zeros((), like.dtype), (len(like), *sizes))
