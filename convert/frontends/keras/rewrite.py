"""A flat model, of tf-keras or a graph, anew: with something else called in place of some of its layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as replaced

from convert.frontends import graph
from convert.upstream.types import Layer, Model, Tensor

from .either import keras_of
from .nodes import node_of, nodes_of

Call = Callable[[Tensor], Tensor]
"""From the tensor, or the list of tensors, that a layer is called on to its output."""


def rewritten(model: Model, replace: Callable[[Layer], Call | None]) -> Model:
    """A copy of the flat ``model`` that calls ``replace(layer)`` instead of a layer, or its copy where that is None.

    ``replace`` is asked once per layer, so a layer that is called several times stays one layer.
    """
    keras = keras_of(model)
    tensors = {id(t): keras.Input(tuple(t.shape)[1:], name=node_of(t).layer.name) for t in model.inputs}
    inputs = list(tensors.values())
    calls: dict[int, Call] = {}
    for node in nodes_of(model):
        old = node.layer
        if id(old) not in calls:
            calls[id(old)] = replace(old) or copied(old)
        given = [tensors[id(t)] for t in node.keras_inputs]
        tensors[id(node.outputs)] = calls[id(old)](given if len(given) > 1 else given[0])
    return keras.Model(inputs, [tensors[id(t)] for t in model.outputs], name=model.name)


def copied(old: Layer) -> Call:
    """What calls a copy of the layer ``old``, with its weights."""
    if isinstance(old, graph.Layer):
        return replaced(old)
    new = old.__class__.from_config(old.get_config())

    def call(given: Tensor) -> Tensor:
        output = new(given)
        new.set_weights(old.get_weights())  # only now it has any
        return output

    return call
