"""A layer of a graph: its settings and weights, what it gives for arrays, and if it is linear its adjoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""Shape (images, *sizes), float32 or float64: whatever comes in goes out."""

Sizes = tuple[int, ...]
"""Of an array, without the number of images."""

_NUMBERS = count()


@dataclass(frozen=True, eq=False)
class Tensor:
    """What a call of a layer gives: ``shape`` is (None, *sizes), as Keras says it."""

    shape: tuple[int | None, ...]
    node: Node

    @property
    def sizes(self) -> Sizes:
        return tuple(int(size or 0) for size in self.shape[1:])


@dataclass(frozen=True, eq=False)
class Node:
    """A call of ``layer`` on tensors; ``number`` counts all calls, so that the order of building is known."""

    layer: Layer
    keras_inputs: tuple[Tensor, ...]
    sizes: Sizes
    number: int = field(default_factory=lambda: next(_NUMBERS))

    def __post_init__(self) -> None:
        object.__setattr__(self, "outputs", Tensor((None, *self.sizes), self))

    outputs: Tensor = field(init=False)

    @property
    def is_input(self) -> bool:
        return not self.keras_inputs


@dataclass(frozen=True, eq=False, kw_only=True)
class Layer:
    """``calls`` are all that were made of it: only they are added, nothing else of a layer ever changes."""

    name: str
    weights: tuple[Array, ...] = ()
    calls: list[Node] = field(default_factory=list, init=False, repr=False)

    def __call__(self, inputs: Tensor | Sequence[Tensor]) -> Tensor:
        """One more call, on one tensor or several."""
        tensors = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
        node = Node(self, tensors, self.sizes(*(tensor.sizes for tensor in tensors)))
        self.calls.append(node)
        return node.outputs

    def get_weights(self) -> list[Array]:
        return list(self.weights)

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Of its first call."""
        return self.calls[0].keras_inputs[0].shape

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """Of its first call."""
        return self.calls[0].outputs.shape

    @property
    def constant(self) -> Array | None:
        """What is added to the linear part."""
        return None

    def apply(self, *arrays: Array) -> Array:
        """What the layer gives."""
        made, constant = self.linear(*arrays), self.constant
        return made if constant is None else made + np.asarray(constant, made.dtype)

    def sizes(self, *given: Sizes) -> Sizes:
        """Of the output, for inputs of ``given`` sizes."""
        return given[0]

    def linear(self, *arrays: Array) -> Array:
        """What a linear layer gives without its ``constant``."""
        raise TypeError(f"layer '{self.name}' ({type(self).__name__}) is not linear")

    def adjoint(self, seed: Array, *given: Sizes) -> tuple[Array, ...]:
        """``seed`` (images, *sizes of the output) back to each input, by the transposed of ``linear``."""
        raise TypeError(f"layer '{self.name}' ({type(self).__name__}) is not linear")


def settings_of(layer: Layer) -> dict[str, Any]:
    """The arguments of ``layer`` beside its name and weights."""
    known = [f.name for f in fields(layer) if f.init and f.name not in ("name", "weights")]
    return {name: getattr(layer, name) for name in known}
