"""Keras -> Keras: a flat model anew, with something else called in place of some of its layers."""

from __future__ import annotations

from collections.abc import Callable

from convert.upstream.tensorflow import load_tf_keras
from convert.upstream.types import Layer, Model, Tensor

from .nodes import nodes_of

Call = Callable[[Tensor], Tensor]
"""From the tensor, or the list of tensors, that a layer is called on to its output."""


def rewritten(model: Model, replace: Callable[[Layer], Call | None]) -> Model:
    """A copy of the flat ``model`` that calls ``replace(layer)`` instead of a layer, or its copy where that is None.

    ``replace`` is asked once per layer, so a layer that is called several times stays one layer.
    """
    keras = load_tf_keras()
    tensors = {id(t): keras.Input(tuple(t.shape)[1:], name=t._keras_history.layer.name) for t in model.inputs}
    inputs = list(tensors.values())
    calls: dict[int, Call] = {}
    copies = []
    for node in nodes_of(model):
        old = node.layer
        if id(old) not in calls:
            found = replace(old)
            if found is None:
                found = old.__class__.from_config(old.get_config())
                copies.append((old, found))
            calls[id(old)] = found
        given = [tensors[id(t)] for t in node.keras_inputs]
        tensors[id(node.outputs)] = calls[id(old)](given if len(given) > 1 else given[0])
    new = keras.Model(inputs, [tensors[id(t)] for t in model.outputs], name=model.name)
    for old, copy in copies:
        copy.set_weights(old.get_weights())
    return new
