"""Attention in a Keras model: products with a mask that depends on the image; and the same model with fixed masks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from convert.upstream.types import Layer, Model, Module, Node, Tensor

from .decoder import keras_of, layer_of
from .structures import flat

Array = NDArray[np.float64]

PRODUCT = "Multiply"
SATURATING = ("sigmoid", "hard_sigmoid", "softmax", "tanh")
"""Activations that masks end with."""
SHAPING = ("Reshape", "Permute", "RepeatVector", "UpSampling2D", "Flatten")


@dataclass(frozen=True)
class Product:
    """A Multiply layer: ``mask`` is the tensor that weighs the other one, which is number ``weighed`` of its inputs."""

    layer: str
    mask: Tensor
    weighed: int


def products_of(model: Model) -> list[Product]:
    """The products of ``model``, of either Keras, one of whose two sides is a mask: the smaller one, or of equal ones
    that which ends with a ``SATURATING`` function."""
    found = []
    for at_depth in model._nodes_by_depth.values():
        for node in at_depth:
            layer = layer_of(node)
            if type(layer).__name__ == PRODUCT and len(sides := inputs_of(node)) == 2:
                which = _mask_of(sides)
                if which is not None:
                    found.append(Product(layer.name, sides[which], 1 - which))
    return sorted(found, key=lambda product: [layer.name for layer in model.layers].index(product.layer))


def inputs_of(node: Node) -> list[Tensor]:
    return flat(getattr(node, "keras_inputs", None) or getattr(node, "input_tensors", []))


def _mask_of(sides: list[Tensor]) -> int | None:
    sizes = [prod(size or 1 for size in tuple(side.shape)[1:]) for side in sides]
    if sizes[0] != sizes[1]:
        return int(np.argmin(sizes))
    saturating = [k for k, side in enumerate(sides) if _saturates(side)]
    return saturating[0] if len(saturating) == 1 else None


def _saturates(tensor: Tensor) -> bool:
    layer, node_index = tensor._keras_history[0], tensor._keras_history[1]
    if type(layer).__name__ in SHAPING:
        return any(_saturates(given) for given in inputs_of(layer._inbound_nodes[node_index]))
    name = getattr(getattr(layer, "activation", None), "__name__", type(layer).__name__.lower())
    return name in SATURATING


def masks_on(model: Model, products: list[Product], images: NDArray[np.float32]) -> list[Array]:
    """The mask of each of ``products`` on ``images``, shapes (images, ...)."""
    found = keras_of(model).Model(model.inputs, [product.mask for product in products]).predict(images, verbose=0)
    return [np.asarray(mask, np.float64) for mask in (found if len(products) > 1 else flat(found))]


def with_fixed_masks(model: Model, masks: Mapping[str, tuple[int, Array]]) -> Model:
    """``model`` whose products, by name, multiply their input number k by a fixed mask; what made masks is gone."""
    keras = keras_of(model)
    inputs = [keras.Input(tuple(tensor.shape)[1:], name=f"given_{i}") for i, tensor in enumerate(model.inputs)]

    def call(layer: Layer) -> Layer:
        if layer.name not in masks:
            return layer
        weighed, mask = masks[layer.name]
        fixed = keras.layers.Rescaling(mask.tolist(), name=f"{layer.name}_fixed")
        return lambda given, **_: fixed(given[weighed])

    if hasattr(model, "_run_through_graph"):
        outputs = model._run_through_graph(inputs, operation_fn=call)
    else:
        outputs = _run(keras, model, inputs, call)
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], outputs, name=model.name)


def _run(keras: Module, model: Model, inputs: list[Tensor], call: Layer) -> Tensor:
    """A tf-keras model on new inputs, each layer what ``call`` gives for it."""
    from .load import Tensors

    tensors = Tensors((str(id(old)), new) for old, new in zip(model.inputs, inputs, strict=True))
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            if not node.is_input:
                args, kwargs = node.map_arguments(tensors)
                outputs = call(node.layer)(*args, **kwargs)
                for old, new in zip(flat(node.outputs), flat(outputs), strict=True):
                    tensors[str(id(old))] = new
    found = [tensors.get(str(id(tensor))) for tensor in model.outputs]
    return found if len(found) > 1 else found[0]
