"""The image beside spikes: a pair of populations on the host fires it, x = relu(x) - relu(-x).

Where a path from the image without a ReLU meets one of spikes - the shortcut of a first residual block, an image
concatenated with features or added to the output - the chip would have to add pixels to spikes.
"""

from __future__ import annotations

from convert.frontends.keras.either import keras_of
from convert.frontends.keras.layers import SPIKING, role
from convert.frontends.keras.nodes import calls_of, name_of, node_of, nodes_of
from convert.frontends.keras.rewrite import Call, copied, rewritten
from convert.upstream.types import Layer, Model, Tensor


def image_by_spikes(model: Model) -> Model:
    """The flat ``model`` (plain ReLUs only) with spikes in place of the image where it meets spikes; the same outputs.

    The pair is NAME_positive and NAME_negative, after the layer or input NAME that reaches the other path.
    """
    if not any(_meets(node.keras_inputs) for node in nodes_of(model)):
        return model
    carried: dict[int, Tensor] = {}

    def replace(layer: Layer) -> Call | None:
        if not any(_meets(node.keras_inputs) for node in calls_of(layer)):
            return None
        copy = copied(layer)

        def call(tensors: list[Tensor]) -> Tensor:
            return copy([_carried(t, carried) if _meets(tensors) and _no_spikes(t) else t for t in tensors])

        return call

    return rewritten(model, replace)


def _meets(tensors: list[Tensor]) -> bool:
    """Whether some of ``tensors`` come from the image alone and others from spikes."""
    return len({_no_spikes(tensor) for tensor in tensors}) > 1


def _no_spikes(tensor: Tensor) -> bool:
    """Whether there is no ReLU on any path from the image to ``tensor``."""
    seen: set[int] = set()
    stack = [tensor]
    while stack:
        node = node_of(stack.pop())
        if id(node) not in seen and not node.is_input:
            seen.add(id(node))
            if role(node.layer) == SPIKING:
                return False
            stack.extend(node.keras_inputs)
    return True


def _carried(tensor: Tensor, known: dict[int, Tensor]) -> Tensor:
    """``tensor`` by its positive and its negative part; the same pair for every use."""
    if id(tensor) not in known:
        layers, name = keras_of(tensor).layers, name_of(node_of(tensor))
        positive = layers.ReLU(name=f"{name}_positive")(tensor)
        negative = layers.ReLU(name=f"{name}_negative")(layers.Rescaling(-1.0, name=f"{name}_negated")(tensor))
        known[id(tensor)] = layers.Subtract(name=f"{name}_carried")([positive, negative])
    return known[id(tensor)]
