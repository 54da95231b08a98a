"""Long linear paths made short: a sum that reaches far is carried by spikes, x = relu(x) - relu(-x).

Without a ReLU after it, a residual sum goes on and on: every later population takes every earlier one by a map of its
own, over strides down and up again that no shared kernel can stand for. A pair of populations that fires the sum, its
positive and its negative part, takes the earlier ones once and gives to the later ones; the outputs stay the same.
``long_paths`` chooses the sums.
"""

from __future__ import annotations

from convert.frontends.keras.either import keras_of
from convert.frontends.keras.layers import SPIKING, role
from convert.frontends.keras.nodes import called_once, node_of, nodes_of
from convert.frontends.keras.rewrite import Call, copied, rewritten
from convert.upstream.types import Layer, Model, Tensor


def with_carried_sums(model: Model, sums: tuple[str, ...]) -> Model:
    """``model`` with a pair of ReLUs after each of the layers ``sums``, NAME_positive and NAME_negative, and the same
    outputs.

    A ReLU that takes the sum and nothing else is one of the pair and keeps its name.
    """
    if not sums:
        return model
    keras, after = keras_of(model), _relus_after(model, sums)
    positive: dict[str, Tensor] = {}

    def replace(layer: Layer) -> Call | None:
        name = str(layer.name)
        if name in after.values():
            return lambda _: positive[name]
        return carried(layer, after.get(name, f"{name}_positive")) if name in sums else None

    def carried(layer: Layer, relu: str) -> Call:
        copy = copied(layer)

        def call(x: Tensor) -> Tensor:
            total = copy(x)
            positive[relu] = keras.layers.ReLU(name=relu)(total)
            negated = keras.layers.Rescaling(-1.0, name=f"{layer.name}_negated")(total)
            negative = keras.layers.ReLU(name=f"{layer.name}_negative")(negated)
            return keras.layers.Subtract(name=f"{layer.name}_carried")([positive[relu], negative])

        return call

    return rewritten(model, replace)


def _relus_after(model: Model, sums: tuple[str, ...]) -> dict[str, str]:
    """By sum, the ReLU that is called on it and on nothing else, where there is one."""
    found: dict[str, str] = {}
    for node in nodes_of(model):
        before = node_of(node.keras_inputs[0]).layer.name
        if role(node.layer) == SPIKING and before in sums and called_once(node):
            found.setdefault(before, node.layer.name)
    return found
