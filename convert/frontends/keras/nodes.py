"""The calls of layers in a flat model, of tf-keras or of ``frontends/graph``, and the tensors between them."""

from __future__ import annotations

from typing import cast

from convert.frontends import graph
from convert.network.network import Activation
from convert.upstream.types import Layer, Model, Node, Tensor

from .layers import activation_name, is_head


def nodes_of(model: Model) -> list[Node]:
    """The layer calls of a flat model in feed-forward order, inputs left out."""
    if isinstance(model, graph.Model):
        return model.nodes
    depths = sorted(model._nodes_by_depth, reverse=True)
    return [node for depth in depths for node in model._nodes_by_depth[depth] if not node.is_input]


def name_of(node: Node) -> str:
    """The layer's name for its first call; the n-th one has a number."""
    index = calls_of(node.layer).index(node)
    return str(node.layer.name) if index == 0 else f"{node.layer.name}_{index + 1}"


def calls_of(layer: Layer) -> list[Node]:
    """All calls of ``layer``, the first one first."""
    return layer.calls if isinstance(layer, graph.Layer) else layer._inbound_nodes


def node_of(tensor: Tensor) -> Node:
    """The call that gives ``tensor``."""
    if isinstance(tensor, graph.Tensor):
        return tensor.node
    history = tensor._keras_history
    return history.layer._inbound_nodes[history.node_index]


def called_once(node: Node) -> bool:
    """Whether the layer of ``node`` is called nowhere else."""
    return len(calls_of(node.layer)) == 1


def head_of(output: Tensor) -> tuple[Tensor, Activation]:
    """The linear tensor before an output and the activation on the host between the two."""
    node = node_of(output)
    if not is_head(node.layer):
        return output, "linear"
    return node.keras_inputs[0], activation_of(node.layer)


def activation_of(layer: Layer) -> Activation:
    """What the host computes for ``layer``, which is a head."""
    return cast(Activation, "softmax" if type(layer).__name__ == "Softmax" else activation_name(layer))
