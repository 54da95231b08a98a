"""Sums, and products with constants."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from convert.frontends.keras.layers import is_head
from convert.frontends.keras.nodes import activation_of
from convert.frontends.onnx.axes import image, in_order
from convert.frontends.onnx.held import Held
from convert.frontends.onnx.hints import CURVE
from convert.frontends.onnx.node import Node, UnheldError
from convert.upstream.types import Values

GATE = "spikes are added, not multiplied; use Add or Concat, or train without the gate"

Numbers = NDArray[np.float64]


def laid_out(x: Held, constants: Values) -> Numbers:
    """``constants`` as they are broadcast over the tensor that holds ``x``, without the batch; one number is one."""
    number, rank = np.asarray(constants, np.float64), len(x.order)
    if number.ndim > rank:
        raise UnheldError(f"constants of shape {number.shape} give its input more axes; use Reshape before it")
    whole = number.reshape((1,) * (rank - number.ndim) + number.shape)
    if any(n not in (1, size) for n, size in zip(whole.shape, x.shape, strict=True)):
        raise UnheldError(f"constants of shape {number.shape} for an input of shape {x.shape}; use equal sizes, or 1")
    return whole.reshape(()) if whole.size == 1 else whole.transpose(x.order)[0]


def scaled(node: Node, x: Held, scale: Numbers | float, offset: Numbers | float, part: str = "") -> Held:
    """``x`` times ``scale`` plus ``offset``, both as ``laid_out`` gives them."""
    scale, offset = np.asarray(scale).tolist(), np.asarray(offset).tolist()
    return Held(node.called("Rescaling", x.tensor, part, scale=scale, offset=offset), x.order)


def together(node: Node) -> list[Held]:
    """The inputs of ``node``, all tensors, held in one order."""
    found = [node.held(i) for i in range(len(node.inputs))]
    if len({len(x.order) for x in found}) > 1:
        raise UnheldError(f"inputs of shapes {', '.join(str(x.shape) for x in found)}; use Reshape before it")
    if len({x.order for x in found}) == 1:
        return found
    first = image(node, found[0])
    return [first, *(in_order(node, x, first.order, f"order_{i + 2}") for i, x in enumerate(found[1:]))]


def merged(kind: str) -> Callable[[Node], Held]:
    """An operator of several tensors of one shape that is layer ``kind``."""

    def build(node: Node) -> Held:
        found = together(node)
        if len({x.shape for x in found}) > 1:
            shapes = " and ".join(str(x.shape) for x in found)
            raise UnheldError(f"inputs of shapes {shapes} are spread over each other; use equal ones")
        if len(found) == 1:
            return found[0]
        return Held(node.called(kind, [x.tensor for x in found]), found[0].order)

    return build


def _of_one(
    apply: Callable[[Node, Held, Numbers, bool], Held], of_two: Callable[[Node], Held]
) -> Callable[[Node], Held]:
    """An operator of two inputs; ``apply`` does it where one of them is constants, and says whether they come first."""

    def build(node: Node) -> Held:
        first = not isinstance(node.inputs[0], Held)
        other = node.inputs[0 if first else 1]
        if isinstance(other, Held) or other is None:
            return of_two(node)
        x = node.held(1 if first else 0)
        return apply(node, x, laid_out(x, other), first)

    return build


def _multiplied(node: Node) -> Held:
    raise UnheldError(CURVE if _is_swish(node) else GATE)


def _is_swish(node: Node) -> bool:
    """Whether a tensor is multiplied by its own sigmoid."""
    held = [value.tensor for value in node.inputs if isinstance(value, Held)]
    return any(
        is_head(layer := gate.node.layer) and activation_of(layer) == "sigmoid" and gate.node.keras_inputs[0] is x
        for gate, x in ((held[0], held[-1]), (held[-1], held[0]))
    )


def _divided(node: Node, x: Held, number: Numbers, first: bool) -> Held:
    if first:
        raise UnheldError(GATE)
    if not number.all():
        raise UnheldError("it divides by zero; export a model that was trained without")
    return scaled(node, x, 1 / number, 0.0)


OPERATORS = {
    "Add": _of_one(lambda node, x, number, first: scaled(node, x, 1.0, number), merged("Add")),
    "Sub": _of_one(
        lambda node, x, number, first: scaled(node, x, *((-1.0, number) if first else (1.0, -number))),
        merged("Subtract"),
    ),
    "Mul": _of_one(lambda node, x, number, first: scaled(node, x, number, 0.0), _multiplied),
    "Div": _of_one(_divided, _multiplied),
    "Neg": lambda node: scaled(node, node.held(), -1.0, 0.0),
    "Sum": merged("Add"),
    "Mean": merged("Average"),
}
