"""Several inputs, sequences and vectors as the channels of one image, which is what a network takes."""

from __future__ import annotations

import numpy as np

from convert.frontends import graph
from convert.frontends.graph import keras_like
from convert.frontends.keras.fixed import channels
from convert.frontends.keras.inputs import Shapes, as_images
from convert.frontends.keras.names import plain
from convert.frontends.keras.rewrite import copied
from convert.frontends.keras.shapes import IMAGE_RANK

from .node import Names


def of_one_image(model: graph.Model, shapes: Shapes, order: list[int]) -> graph.Model:
    """``model``, whose inputs have ``shapes``, with all of them in one, and its outputs in ``order``."""
    names = Names()
    names.taken.update(layer.name for layer in model.layers)
    images = as_images(shapes)
    counts = [count for _, _, count in images]
    image = keras_like.Input((*images[0][:2], sum(counts)), name="image")
    groups = np.split(np.eye(sum(counts)), np.cumsum(counts)[:-1], axis=1)
    tensors: dict[int, graph.Tensor] = {}
    for i, (old, shape, group) in enumerate(zip(model.inputs, shapes, groups, strict=True)):
        part = image if len(shapes) == 1 else channels(keras_like, group, names.fresh(f"image_{i + 1}"))(image)
        if len(shape) != IMAGE_RANK:
            part = keras_like.layers.Reshape(old.sizes, name=names.fresh("as_given"))(part)
        tensors[id(old)] = part
    made = {id(layer): copied(layer) for layer in model.layers}
    for node in model.nodes:
        tensors[id(node.outputs)] = made[id(node.layer)]([tensors[id(tensor)] for tensor in node.keras_inputs])
    return graph.Model(image, [tensors[id(model.outputs[i])] for i in order], name=plain(model.name))
