"""Maximum and Minimum as sums of ReLUs: spikes are added, not compared.

max(a, b) = a + relu(b - a) and min(a, b) = a - relu(a - b).
"""

from __future__ import annotations

from convert.frontends.keras.either import keras_of
from convert.frontends.keras.rewrite import Call, rewritten
from convert.upstream.types import Layer, Model, Tensor

MAXIMA = ("Maximum", "Minimum")


def relus_for_maxima(model: Model) -> Model:
    """The flat ``model`` without Maximum and Minimum, and the same outputs.

    NAME_more is the ReLU of what one input has more than the other; of several inputs NAME_more_2 and so on.
    """
    return rewritten(model, _compared) if any(type(layer).__name__ in MAXIMA for layer in model.layers) else model


def _compared(layer: Layer) -> Call | None:
    """What to call instead of ``layer``, or None for one that compares nothing."""
    if type(layer).__name__ not in MAXIMA:
        return None
    layers, largest = keras_of(layer).layers, type(layer).__name__ == "Maximum"

    def call(tensors: list[Tensor]) -> Tensor:
        total = tensors[0]
        for i, tensor in enumerate(tensors[1:], start=1):
            end = "" if i == 1 else f"_{i}"
            pair = [tensor, total] if largest else [total, tensor]
            more = layers.Subtract(name=f"{layer.name}_difference{end}")(pair)
            more = layers.ReLU(name=f"{layer.name}_more{end}")(more)
            total = (layers.Add if largest else layers.Subtract)(name=f"{layer.name}{end}")([total, more])
        return total

    return call
