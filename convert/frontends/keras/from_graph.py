"""A graph of ``frontends/graph`` as a model of tf-keras, for what only Keras can do: train it, save it for engines."""

from __future__ import annotations

from convert.frontends import graph
from convert.upstream.tensorflow import load_tf_keras
from convert.upstream.types import Layer, Model

SIZES = {
    "Conv": ("filters", "kernel_size"),
    "DepthwiseConv": ("depth_multiplier", "kernel_size"),
    "ConvTranspose": ("filters", "kernel_size"),
    "Dense": ("units",),
}
"""What Keras is told of weights before it has them, by class without its dimensions."""


def as_keras(model: graph.Model) -> Model:
    """The same layers of tf-keras, with the same names and weights."""
    keras = load_tf_keras()
    tensors = {id(t): keras.Input(t.sizes, name=t.node.layer.name) for t in model.inputs}
    inputs, made = list(tensors.values()), {id(layer): _as_keras(layer) for layer in model.layers}
    for node in model.nodes:
        given = [tensors[id(tensor)] for tensor in node.keras_inputs]
        tensors[id(node.outputs)] = made[id(node.layer)](given if len(given) > 1 else given[0])
    for layer in model.layers:
        made[id(layer)].set_weights(layer.get_weights())
    return keras.Model(inputs, [tensors[id(tensor)] for tensor in model.outputs], name=model.name)


def _as_keras(layer: graph.Layer) -> Layer:
    kind = type(layer).__name__
    sizes = SIZES.get(kind.replace("1D", "").replace("2D", ""), ())
    settings = {**graph.settings_of(layer), **{name: getattr(layer, name) for name in sizes}}
    if sizes:
        settings["use_bias"] = len(layer.weights) > 1
    return getattr(load_tf_keras().layers, kind)(name=layer.name, **settings)
