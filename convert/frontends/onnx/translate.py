"""A graph of ONNX, node by node -> a graph of layers with channels last, and every node that has no such."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from convert.frontends import graph
from convert.frontends.graph.model import Input
from convert.frontends.keras.refusals import Refusal
from convert.upstream.types import Model, Values

from .axes import in_order
from .held import Held, as_in_onnx, channels_last
from .hints import HINTS, OTHERWISE
from .node import Names, Node, UnheldError, Value
from .operators import REGISTRY

Sizes = tuple[int | None, ...]
"""The axes of a tensor; None for one that is left open."""

DOMAINS = ("", "ai.onnx")
"""Of ONNX's own operators."""


@dataclass(frozen=True)
class Translated:
    """A ``model`` of layers, the ``inputs`` and ``outputs`` of the graph by name, and the ``refusals`` of nodes."""

    model: graph.Model
    inputs: dict[str, Held]
    outputs: dict[str, Held]
    refusals: tuple[Refusal, ...]
    batch: int | None


def translated(proto: Model) -> Translated:
    """The graph of the ``onnx.ModelProto`` as layers; what a refused node would give is one more input of the model.

    Images come with channels last, unless all that the graph does with them first is to bring the channels forward.
    Raises ``UnheldError`` for inputs of no fixed size.
    """
    return _Walk(proto).run()


class _Walk:
    """Goes through the graph in its order, and keeps the value of each name."""

    def __init__(self, proto: Model) -> None:
        self.graph, self.opsets = proto.graph, proto.opset_import
        self.opset = next((int(o.version) for o in proto.opset_import if o.domain in DOMAINS), 1)
        self.names = Names()
        self.values: dict[str, Value] = {"": None}
        self.lost: set[str] = set()
        self.stand_ins: list[Held] = []
        self.refusals: list[Refusal] = []
        self.shapes: dict[str, Sizes] = {}
        self.proto = proto

    def run(self) -> Translated:
        from onnx import numpy_helper, shape_inference

        self.values |= {t.name: np.asarray(numpy_helper.to_array(t)) for t in self.graph.initializer}
        given = [info for info in self.graph.input if info.name not in self.values]
        sizes = {info.name: _sizes(info) for info in given}
        if bad := [f"'{name}' {shape}" for name, shape in sizes.items() if not shape or None in shape[1:]]:
            raise UnheldError(
                f"inputs of no fixed size: {', '.join(bad)}; export the model with sizes (images, channels, rows, "
                "columns) of numbers, of which only the number of images may be left open"
            )
        batches = {shape[0] for shape in sizes.values()}
        self.batch = next(iter(batches)) if len(batches) == 1 else None
        inferred = shape_inference.infer_shapes(self.proto, data_prop=True).graph  # also through computed sizes
        self.shapes = {info.name: _sizes(info) for info in inferred.value_info}
        inputs = {name: self._input(name, shape) for name, shape in sizes.items()}
        for node in self.graph.node:
            self._visit(node)
        outputs = {info.name: self._output(info.name) for info in self.graph.output}
        given_out = {name: held for name, held in outputs.items() if held is not None}
        tensors = [held.tensor for held in [*inputs.values(), *self.stand_ins]]
        model = graph.Model(tensors, [held.tensor for held in given_out.values()] or tensors)
        return Translated(model, inputs, given_out, tuple(self.refusals), self.batch)

    def _input(self, name: str, shape: Sizes) -> Held:
        rank = len(shape)
        order = as_in_onnx(rank) if self._brings_channels_forward(name) else channels_last(rank)
        sizes = [shape[axis] or 1 for axis in order[1:]]
        held = Held(Input(sizes, name=self.names.fresh(name)), order)
        self.values[name] = held
        return held

    def _brings_channels_forward(self, name: str) -> bool:
        """Whether input ``name`` has its channels last, as the graph takes it."""
        users = [node for node in self.graph.node if name in node.input]
        perms = [[list(a.ints) for a in node.attribute if a.name == "perm"] for node in users]
        return bool(users) and all(perm in ([[0, 3, 1, 2]], [[0, 2, 1]]) for perm in perms)

    def _visit(self, proto: Model) -> None:
        """Computes one node; a refused one leaves a stand-in of its shape, or nothing that goes on."""
        from .folding import attributes

        known = proto.domain in DOMAINS
        lost = any(name in self.lost for name in proto.input)
        try:
            if known and proto.op_type not in REGISTRY and proto.op_type in HINTS:
                raise UnheldError(HINTS[proto.op_type])
            inputs = [self.values.get(name) for name in proto.input] if not lost else []
            constant = not lost and not any(isinstance(value, Held) for value in inputs)
            if known and constant:
                made: list[Value] = list(self._folded(proto, inputs))
            elif known and proto.op_type == "Shape" and not lost:
                made = [_shape_of(inputs[0], attributes(proto))]
            elif not known or proto.op_type not in REGISTRY:
                raise UnheldError(HINTS.get(proto.op_type, OTHERWISE))
            elif lost:
                self.lost.update(proto.output)
                return
            else:
                made = self._made(proto, inputs, attributes(proto))
        except UnheldError as error:
            self._refuse(proto, str(error))
            return
        except (ValueError, TypeError, IndexError, KeyError, ArithmeticError) as error:
            reason = next(iter(str(error).strip().splitlines()), "")[:160]
            self._refuse(proto, f"its settings or constants make no sense ({reason}); export the model again")
            return
        self.values.update(zip(proto.output, made, strict=False))

    def _folded(self, proto: Model, inputs: list[Value]) -> list[Values]:
        from .folding import folded

        return folded(proto, [None if value is None else np.asarray(value) for value in inputs], self.opsets)

    def _made(self, proto: Model, inputs: list[Value], settings: Mapping[str, object]) -> list[Value]:
        used = [name for name in proto.output if name]
        name = (proto.name or (used[0] if used else proto.op_type)).strip("/")
        batch = self.batch or 1
        node = Node(proto.op_type, name, self.opset, settings, inputs, len(used), batch, self.names)
        found = REGISTRY[proto.op_type](node)
        return list(found) if isinstance(found, list) else [found]

    def _refuse(self, proto: Model, reason: str) -> None:
        name = proto.name or next(iter(proto.output), "")
        self.refusals.append(Refusal(name, proto.op_type, reason, called="node"))
        for output in proto.output:
            shape = self.shapes.get(output, ())
            if len(shape) < 2 or None in shape[1:]:
                self.lost.add(output)
                continue
            order = channels_last(len(shape))
            tensor = Input([shape[axis] or 1 for axis in order[1:]], name=self.names.fresh(f"for_{output}"))
            self.values[output] = Held(tensor, order)
            self.stand_ins.append(Held(tensor, order))

    def _output(self, name: str) -> Held | None:
        """Output ``name``, an image with its channels last."""
        held = self.values.get(name)
        if not isinstance(held, Held):
            if name not in self.lost:
                self.refusals.append(
                    Refusal(name, "output", "it does not depend on the image; leave it out", called="output")
                )
            return None
        if len(held.order) != 4 or self._channels_stay_last():
            return held
        node = Node("Output", name, self.opset, {}, [held], 1, 1, self.names)
        return in_order(node, held, channels_last(4))

    def _channels_stay_last(self) -> bool:
        return any(
            isinstance(held := self.values[info.name], Held) and held.order == as_in_onnx(4)
            for info in self.graph.input
            if info.name in self.values
        )


def _shape_of(value: Value, settings: Mapping[str, Any]) -> Values:
    shape = list(value.shape) if isinstance(value, Held) else list(np.shape(np.asarray(value)))
    return np.asarray(shape[settings.get("start", 0) : settings.get("end")], np.int64)


def _sizes(info: Model) -> Sizes:
    """The sizes that ``onnx.ValueInfoProto`` tells; None for those that are left open."""
    dims = info.type.tensor_type.shape.dim
    return tuple(int(d.dim_value) if d.HasField("dim_value") and d.dim_value > 0 else None for d in dims)
