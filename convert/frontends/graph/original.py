"""A graph as an ``Original``: what it has at its ReLUs and at its outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.frontends.original import Images
from convert.network import Shape

from .layer import Tensor
from .model import Model

BATCH = 8
"""Images at a time: the activities of all layers are held for them."""


@dataclass(frozen=True)
class GraphOriginal:
    """``model`` with the ``shapes`` of its populations; ``relus`` are the outputs of these, ``before_heads`` the
    outputs of the model before their activation."""

    model: Model
    shapes: Mapping[str, Shape]
    relus: Mapping[str, Tensor]
    before_heads: Sequence[Tensor]

    def activities(self, images: Images) -> dict[str, Images]:
        return self._by_population(self._values(images, [self.relus[name] for name in self.shapes]))

    def drives(self, images: Images) -> dict[str, Images]:
        return self._by_population(self._values(images, [self.relus[n].node.keras_inputs[0] for n in self.shapes]))

    def logits(self, images: Images) -> list[NDArray[np.float32]]:
        return self._values(images, self.before_heads)

    def lesson(self, images: Images) -> tuple[dict[str, Images], NDArray[np.float32]]:
        first, *activities = self._values(images, [self.before_heads[0], *(self.relus[name] for name in self.shapes)])
        return self._by_population(activities), first

    def outputs(self, images: Images) -> NDArray[np.float32]:
        return self._values(images, self.model.outputs[:1])[0]

    def _values(self, images: Images, wanted: Sequence[Tensor]) -> list[NDArray[np.float32]]:
        """The tensors ``wanted`` of some images at a time."""
        until = Model(self.model.inputs, wanted)
        starts = range(0, max(1, len(images)), BATCH)
        images = np.asarray(images, np.float32)
        parts: list[list[NDArray[Any]]] = [until.values([images[i : i + BATCH]], wanted) for i in starts]
        return [np.concatenate(part).astype(np.float32, copy=False) for part in zip(*parts, strict=True)]

    def _by_population(self, values: Sequence[NDArray[np.float32]]) -> dict[str, Images]:
        return {
            name: value.reshape(len(value), *shape)
            for (name, shape), value in zip(self.shapes.items(), values, strict=True)
        }
