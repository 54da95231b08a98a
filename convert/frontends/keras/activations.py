"""What a Keras model has on images inside: at its ReLUs, and at its outputs before their activation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.network import Shape

Teacher = Callable[[NDArray[np.float32]], list[NDArray[np.float32]]]
"""Images -> the readouts before their activation, shapes (images, ...)."""


def teacher_of(model: Any) -> Teacher:
    """Images -> the outputs of ``model`` before their activation."""
    from .cut import head_of

    return logits_of(model.inputs, [head_of(output)[0] for output in model.outputs])


def logits_of(inputs: Any, drives: Sequence[Any]) -> Teacher:
    """Images -> the readouts before their activation, by Keras."""
    from convert.upstream.tensorflow import load_tf_keras

    model = load_tf_keras().Model(inputs, drives)

    def logits(images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        outputs = model(images, training=False)
        return [np.asarray(o) for o in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]

    return logits


def at_relus(model: Any, names: Sequence[str], end: str) -> Any:
    """A Keras model with the 'input' or the 'output' of each population's ReLU in the flat ``model``."""
    from convert.upstream.tensorflow import load_tf_keras

    from .cut import name_of
    from .rewrite import nodes_of

    tensors = {name_of(node): node.keras_inputs[0] if end == "input" else node.outputs for node in nodes_of(model)}
    return load_tf_keras().Model(model.inputs, [tensors[name] for name in names])


def drives_hz(
    model: Any, shapes: Mapping[str, Shape], images: NDArray[np.float32], scale_hz: Mapping[str, float]
) -> dict[str, NDArray[np.float32]]:
    """What the ReLUs of ``model`` get on ``images``, at the scale of their populations: shape (images, *shape)."""
    drives = at_relus(model, list(shapes), "input").predict(images, batch_size=8, verbose=0)
    return {
        name: drive.reshape(-1, *shape) * np.float32(scale_hz[name])
        for (name, shape), drive in zip(shapes.items(), drives, strict=True)
    }
