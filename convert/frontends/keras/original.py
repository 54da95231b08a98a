"""A flat tf-keras model as an ``Original``: what it has at its ReLUs and at its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from convert.frontends.original import Images
from convert.network import Shape
from convert.upstream.tensorflow import load_tf_keras
from convert.upstream.types import Model, Tensor

from .nodes import head_of, name_of, nodes_of

BATCH = 8
"""Images at a time: the activities of all layers are held for them."""


@dataclass(frozen=True)
class KerasOriginal:
    """``model`` with the ``shapes`` of its populations, whose names are those of its ReLUs."""

    model: Model
    shapes: Mapping[str, Shape]

    def activities(self, images: Images) -> dict[str, Images]:
        return self._values(self.at_relus, images)

    def drives(self, images: Images) -> dict[str, Images]:
        found = self.before_relus.predict(images, batch_size=BATCH, verbose=0)
        return self._by_population(_as_list(found), len(images))

    def logits(self, images: Images) -> list[NDArray[np.float32]]:
        return [np.asarray(o) for o in _as_list(self.before_heads(images, training=False))]

    def lesson(self, images: Images) -> tuple[dict[str, Images], NDArray[np.float32]]:
        logits, *activities = _as_list(self.at_all(images, training=False))
        return self._by_population(activities, len(images)), np.asarray(logits)

    def outputs(self, images: Images) -> NDArray[np.float32]:
        return np.asarray(_as_list(self.model(images, training=False))[0], dtype=np.float32)

    def _values(self, model: Model, images: Images) -> dict[str, Images]:
        return self._by_population(_as_list(model(images, training=False)), len(images))

    def _by_population(self, values: list[Tensor], images: int) -> dict[str, Images]:
        return {
            name: np.asarray(value, dtype=np.float32).reshape(images, *shape)
            for (name, shape), value in zip(self.shapes.items(), values, strict=True)
        }

    @cached_property
    def at_relus(self) -> Model:
        """A tf-keras model with the output of every ReLU."""
        tensors = {name_of(node): node.outputs for node in nodes_of(self.model)}
        return load_tf_keras().Model(self.model.inputs, [tensors[name] for name in self.shapes])

    @cached_property
    def at_all(self) -> Model:
        """A tf-keras model with the first output before its activation, then the output of every ReLU."""
        return load_tf_keras().Model(self.model.inputs, [*self.before_heads.outputs[:1], *self.at_relus.outputs])

    @cached_property
    def before_relus(self) -> Model:
        """A tf-keras model with the input of every ReLU."""
        tensors = {name_of(node): node.keras_inputs[0] for node in nodes_of(self.model)}
        return load_tf_keras().Model(self.model.inputs, [tensors[name] for name in self.shapes])

    @cached_property
    def before_heads(self) -> Model:
        """A tf-keras model with the outputs before their activation."""
        return load_tf_keras().Model(self.model.inputs, [head_of(output)[0] for output in self.model.outputs])


def _as_list(value: Tensor) -> list[Tensor]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
