"""A flat tf-keras model cut at its ReLUs: what is a population, what is linear between two, what is read out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from convert.errors import UserError
from convert.network import INPUT, Shape
from convert.network.network import Activation
from convert.upstream.tensorflow import load_tf_keras

from .layers import MAX_POOLING, POOLED, SPIKING, is_head, role
from .rewrite import nodes_of


@dataclass(frozen=True)
class Segment:
    """Everything linear before one population or readout.

    ``function`` is a tf-keras model from the outputs of ``sources`` (in their order) to the target's drive, and
    ``drive`` the same tensor in the whole model's graph;
    ``activation`` is the host's for a readout, None for a population.
    """

    target: str
    source_layer: str
    shape: Shape
    sources: tuple[str, ...]
    function: Any
    drive: Any
    activation: Activation | None

    @property
    def is_readout(self) -> bool:
        return self.activation is not None


@dataclass(frozen=True)
class Cut:
    """All segments in feed-forward order; ``activities`` is a tf-keras model from the image to every ReLU's output."""

    segments: tuple[Segment, ...]
    activities: Any
    shapes: dict[str, Shape]


def as_shape(tensor: Any) -> Shape:
    """The (rows, columns, channels) of a Keras tensor; a vector is (1, 1, n)."""
    sizes = [int(size) for size in tensor.shape[1:]]
    if len(sizes) not in (1, 3):
        raise UserError(
            f"a tensor of shape {sizes} inside the model: only images (3 axes) and vectors (1 axis) convert"
        )
    return (1, 1, sizes[0]) if len(sizes) == 1 else (sizes[0], sizes[1], sizes[2])


def cut_at_relus(model: Any) -> Cut:
    """Cuts ``model`` (from ``load_model``) into segments. Raises ``UserError`` with all problems, max pooling too."""
    names = {id(model.inputs[0]): INPUT}
    tensors = {INPUT: model.inputs[0]}
    drives: dict[str, Any] = {}
    problems: list[str] = []
    for node in nodes_of(model):
        output = node.outputs
        if role(node.layer) == POOLED:
            problems.append(f"layer '{node.layer.name}' ({type(node.layer).__name__}): {MAX_POOLING}")
        if role(node.layer) == SPIKING:
            name = name_of(node)
            names[id(output)] = name
            tensors[name] = output
            drives[name] = node.keras_inputs[0]
    segments = [_segment(name, drive, None, names, tensors) for name, drive in drives.items()]
    for i, output in enumerate(model.outputs):
        name = model.output_names[i] if len(model.outputs) > 1 else output._keras_history.layer.name
        linear, activation = head_of(output)
        segments.append(_segment(f"{name}:out" if name in drives else name, linear, activation, names, tensors))
    problems += misplaced_heads(model) + _mixed(segments) + _nothing_on_chip(segments)
    if problems:
        raise UserError(problems)
    activities = load_tf_keras().Model(model.inputs, [tensors[name] for name in drives])
    return Cut(tuple(segments), activities, {name: as_shape(tensor) for name, tensor in tensors.items()})


def name_of(node: Any) -> str:
    """The layer's name for its first call; the n-th one has a number."""
    index = node.layer._inbound_nodes.index(node)
    return str(node.layer.name) if index == 0 else f"{node.layer.name}_{index + 1}"


def _node_of(tensor: Any) -> Any:
    history = tensor._keras_history
    return history.layer._inbound_nodes[history.node_index]


def _segment(
    target: str, drive: Any, activation: Activation | None, names: dict[int, str], tensors: dict[str, Any]
) -> Segment:
    if id(drive) in names:  # a ReLU or an output right after a ReLU; a segment needs a layer of its own
        drive = load_tf_keras().layers.Activation("linear", name=f"{target.replace(':', '_')}_drive")(drive)
    sources: list[str] = []
    source_layer = ""
    seen: set[int] = set()
    stack = [drive]
    while stack:
        tensor = stack.pop()
        if id(tensor) in names:
            if names[id(tensor)] not in sources:
                sources.append(names[id(tensor)])
            continue
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        node = _node_of(tensor)
        source_layer = source_layer or _source_layer(node.layer)
        stack.extend(node.keras_inputs)
    order = [name for name in tensors if name in sources]
    function = load_tf_keras().Model([tensors[name] for name in order], drive)
    source_layer = source_layer or type(_node_of(drive).layer).__name__
    return Segment(target, source_layer, as_shape(drive), tuple(order), function, drive, activation)


def _source_layer(layer: Any) -> str:
    """The class of a layer that a population is known by: one with weights that is no normalization."""
    name = type(layer).__name__
    return name if layer.weights and "Norm" not in name else ""


def head_of(output: Any) -> tuple[Any, Activation]:
    """The linear tensor before an output and the activation on the host between the two."""
    node = _node_of(output)
    if not is_head(node.layer):
        return output, "linear"
    name = "softmax" if type(node.layer).__name__ == "Softmax" else node.layer.activation.__name__
    return node.keras_inputs[0], cast(Activation, name)


def misplaced_heads(model: Any) -> list[str]:
    """One sentence for every softmax and sigmoid that is not the end of ``model``."""
    nodes, outputs = nodes_of(model), {id(output) for output in model.outputs}
    used = {id(tensor) for node in nodes for tensor in node.keras_inputs}
    return [
        f"layer '{node.layer.name}' ({type(node.layer).__name__}): softmax and sigmoid run on the host, at an output "
        "only; end the model there or use ReLU inside"
        for node in nodes
        if is_head(node.layer) and (id(node.outputs) in used or id(node.outputs) not in outputs)
    ]


def _mixed(segments: list[Segment]) -> list[str]:
    return [
        f"layer '{s.target}' adds the image to the output of '{next(n for n in s.sources if n != INPUT)}': "
        "only spikes can be added on the chip; pass the image through a Conv2D + ReLU first"
        for s in segments
        if INPUT in s.sources and len(s.sources) > 1
    ]


def _nothing_on_chip(segments: list[Segment]) -> list[str]:
    if any(not s.is_readout and INPUT not in s.sources for s in segments):
        return []
    return [
        "nothing of this model would run on the chip: its first ReLU layer encodes the image on the host and there is "
        "no second one; a network needs at least two ReLU layers"
    ]
