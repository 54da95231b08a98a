"""A node of an ONNX graph as an operator sees it: its settings, what it is called on, and layers named after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from convert.frontends.graph import Layer, Tensor, keras_like
from convert.frontends.keras.names import RESERVED, plain
from convert.upstream.types import Values

from .held import Held

Value = Held | Values | None
"""What a node is called on: a tensor, constants, or nothing where an input is left out."""


class UnheldError(Exception):
    """Why a node does not convert, and the way out."""


@dataclass(frozen=True)
class Names:
    """Names of layers, each given once."""

    taken: set[str] = field(default_factory=lambda: set(RESERVED))

    def fresh(self, wanted: str) -> str:
        """``wanted`` in characters that Keras and Nengo take, with a number where it is taken."""
        name = plain(wanted)
        free = next(n for n in (name, *(f"{name}_{i}" for i in range(2, 100_000))) if n not in self.taken)
        self.taken.add(free)
        return free


@dataclass(frozen=True)
class Node:
    """Operator ``kind`` of version ``opset``; ``batch`` is the number of images that the file was made for."""

    kind: str
    name: str
    opset: int
    settings: Mapping[str, object]
    inputs: Sequence[Value]
    outputs: int
    batch: int
    names: Names

    def held(self, place: int = 0) -> Held:
        """Input number ``place``. Raises ``UnheldError`` for constants."""
        value = self.inputs[place] if place < len(self.inputs) else None
        if not isinstance(value, Held):
            raise UnheldError(f"its input {place + 1} is no tensor of the model but constants; fold it before export")
        return value

    def constant(self, place: int, what: str) -> Values:
        """The constants at input ``place``, which are ``what``. Raises ``UnheldError`` for anything else."""
        found = self.maybe(place, what)
        if found is None:
            raise UnheldError(f"it has no {what}; export the model again")
        return found

    def maybe(self, place: int, what: str) -> Values | None:
        """The same, or None where the input is left out."""
        value = self.inputs[place] if place < len(self.inputs) else None
        if isinstance(value, Held):
            raise UnheldError(f"its {what} depends on the image; only constants convert there")
        return value

    def numbers(self, name: str, place: int | None = None) -> list[int] | None:
        """Whole numbers, an attribute in old versions of the operator and input ``place`` in new ones, or None."""
        found = self.settings.get(name)
        if found is None and place is not None:
            found = self.maybe(place, name)
        return None if found is None else [int(n) for n in np.ravel(np.asarray(found))]

    def number(self, name: str, otherwise: int) -> int:
        found = self.numbers(name)
        return otherwise if found is None else found[0]

    def real(self, name: str, otherwise: float) -> float:
        return float(np.asarray(self.settings.get(name, otherwise)))

    def word(self, name: str, otherwise: str) -> str:
        return str(self.settings.get(name, otherwise))

    def called(self, kind: str, tensor: Tensor | Sequence[Tensor], part: str = "", /, **settings: object) -> Tensor:
        """What a new layer of class ``kind`` gives for ``tensor``; of several, ``part`` tells its name apart."""
        return self.layer(kind, part, **settings)(tensor)

    def layer(self, kind: str, part: str = "", /, **settings: object) -> Layer:
        name = f"{self.name}_{part}" if part else self.name
        made: Layer = getattr(keras_like.layers, kind)(name=self.names.fresh(name), **settings)
        return made

    def weighted(
        self,
        kind: str,
        tensor: Tensor,
        weights: Sequence[NDArray[np.generic] | None],
        part: str = "",
        /,
        **settings: object,
    ) -> Tensor:
        """The same for a layer that has these ``weights``; None is one that it has not."""
        held = tuple(np.asarray(w, np.float32) for w in weights if w is not None)
        return self.layer(kind, part, weights=held, **settings)(tensor)
