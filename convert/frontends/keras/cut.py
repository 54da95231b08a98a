"""A flat model, of tf-keras or a graph, cut at its ReLUs: what is a population, linear between two, or read out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from convert.errors import UserError
from convert.frontends import graph
from convert.frontends.graph.original import GraphOriginal
from convert.frontends.graph.segment import GraphSegment
from convert.frontends.original import Original
from convert.network import INPUT, Shape
from convert.network.network import Activation
from convert.upstream.types import Layer, Model, Tensor

from .either import keras_of
from .layers import MAX_POOLING, POOLED, SPIKING, is_head, role
from .nodes import activation_of, head_of, name_of, node_of, nodes_of
from .original import KerasOriginal
from .refusals import Refusal, sentences
from .segment import KerasSegment
from .shapes import as_image

AnySegment = KerasSegment | GraphSegment


@dataclass(frozen=True)
class Cut:
    """The segments of ``model`` in feed-forward order, and the shapes of the input and of all populations."""

    model: Model
    segments: tuple[AnySegment, ...]
    shapes: dict[str, Shape]

    @property
    def populations(self) -> dict[str, Shape]:
        return {s.target: s.shape for s in self.segments if s.activation is None}

    @property
    def readout(self) -> AnySegment:
        """The first output."""
        return next(s for s in self.segments if s.activation is not None)

    @cached_property
    def original(self) -> Original:
        return original_of(self.model, self.populations)


def original_of(model: Model, shapes: dict[str, Shape]) -> Original:
    """What ``model`` computes at the ReLUs that are populations of ``shapes``."""
    if not isinstance(model, graph.Model):
        return KerasOriginal(model, shapes)
    relus = {name_of(node): node.outputs for node in nodes_of(model)}
    return GraphOriginal(model, shapes, relus, [head_of(output)[0] for output in model.outputs])


def as_shape(tensor: Tensor) -> Shape:
    """The (rows, columns, channels) of a Keras tensor. Raises ``UserError`` for one of more axes."""
    sizes = [int(size) for size in tensor.shape[1:]]
    shape = as_image(sizes)
    if shape is None:
        raise UserError(
            f"a tensor of shape {sizes} inside the model: only images (3 axes), sequences (2) and vectors (1) convert; "
            "reshape it to images"
        )
    return shape


def cut_at_relus(model: Model, *, on_host: bool = True) -> Cut:
    """Cuts ``model`` (from ``load_model``) into segments. Raises ``UserError`` with all problems, max pooling too.

    Its first ReLUs encode the image ``on_host``, or are on the chip like the others.
    """
    names = {id(model.inputs[0]): INPUT}
    tensors = {INPUT: model.inputs[0]}
    drives: dict[str, Tensor] = {}
    problems: list[str] = []
    for node in nodes_of(model):
        output = node.outputs
        if role(node.layer) == POOLED:
            problems += sentences([Refusal(node.layer.name, type(node.layer).__name__, MAX_POOLING)])
        if role(node.layer) == SPIKING:
            name = name_of(node)
            names[id(output)] = name
            tensors[name] = output
            drives[name] = node.keras_inputs[0]
    segments = [_segment(name, drive, None, names, tensors) for name, drive in drives.items()]
    for i, output in enumerate(model.outputs):
        name = model.output_names[i] if len(model.outputs) > 1 else node_of(output).layer.name
        linear, activation = head_of(output)
        segments.append(_segment(f"{name}:out" if name in drives else name, linear, activation, names, tensors))
    problems += misplaced_heads(model) + (_nothing_on_chip(segments) if on_host else [])
    if problems:
        raise UserError(problems)
    assert all(s.sources == (INPUT,) for s in segments if INPUT in s.sources), (
        "passes.image_by_spikes leaves none mixed"
    )
    return Cut(model, tuple(segments), {name: as_shape(tensor) for name, tensor in tensors.items()})


def _segment(
    target: str, drive: Tensor, activation: Activation | None, names: dict[int, str], tensors: dict[str, Tensor]
) -> AnySegment:
    if id(drive) in names:  # a ReLU or an output right after a ReLU; a segment needs a layer of its own
        drive = keras_of(drive).layers.Activation("linear", name=f"{target.replace(':', '_')}_drive")(drive)
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
        node = node_of(tensor)
        source_layer = source_layer or _source_layer(node.layer)
        stack.extend(node.keras_inputs)
    order = [name for name in tensors if name in sources]
    function = keras_of(drive).Model([tensors[name] for name in order], drive)
    source_layer = source_layer or type(node_of(drive).layer).__name__
    make = GraphSegment if isinstance(drive, graph.Tensor) else KerasSegment
    return make(target, source_layer, as_shape(drive), tuple(order), function, drive, activation)


def _source_layer(layer: Layer) -> str:
    """The class of a layer that a population is known by: one with weights that is no normalization."""
    name = type(layer).__name__
    return name if layer.weights and "Norm" not in name else ""


def misplaced_heads(model: Model) -> list[str]:
    """One sentence for every class and activation of the host's that is not the end of ``model``."""
    nodes, outputs = nodes_of(model), {id(output) for output in model.outputs}
    used = {id(tensor) for node in nodes for tensor in node.keras_inputs}
    return sentences(
        Refusal(
            node.layer.name,
            type(node.layer).__name__,
            f"{activation_of(node.layer)} runs on the host, at an output only; end the model there or use ReLU inside",
        )
        for node in nodes
        if is_head(node.layer) and (id(node.outputs) in used or id(node.outputs) not in outputs)
    )


def _nothing_on_chip(segments: list[AnySegment]) -> list[str]:
    if any(s.activation is None and INPUT not in s.sources for s in segments):
        return []
    return [
        "nothing of this model would run on the chip: its first ReLU layer encodes the image on the host and there is "
        "no second one; a network needs at least two ReLU layers"
    ]
