"""ReLUs of all kinds, and what the host computes at an output."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, prod

import numpy as np

from convert.frontends.onnx.axes import axis_of, in_order
from convert.frontends.onnx.held import Held, channels_last
from convert.frontends.onnx.node import Node, UnheldError

from .arithmetic import laid_out, merged, scaled

LAST_AXIS_SINCE = 13
"""The version of ONNX since which a softmax is over one axis, the last one if none is said."""

ON_HOST = {"Sigmoid": "sigmoid", "Tanh": "tanh", "Softplus": "softplus", "Softsign": "softsign", "Exp": "exponential"}


def _relu(node: Node, x: Held, **settings: object) -> Held:
    return Held(node.called("ReLU", x.tensor, **settings), x.order)


def clipped(node: Node, x: Held, low: float, high: float) -> Held:
    """``x`` between two numbers: a ReLU of what is above ``low``, or of what is below ``high``."""
    if low > high:
        raise UnheldError(f"its least value {low:g} is above its largest, {high:g}; export the model again")
    if low == -inf:
        if high == inf:
            return x
        below = _relu(node, scaled(node, x, -1.0, high, "below"))
        return scaled(node, below, -1.0, high, "back")
    cap = {} if high == inf else {"max_value": high - low}
    if low == 0:
        return _relu(node, x, **cap)
    return scaled(node, _relu(node, scaled(node, x, 1.0, -low, "above"), **cap), 1.0, low, "back")


def _clip(node: Node) -> Held:
    ends = []
    for place, (name, otherwise) in enumerate((("min", -inf), ("max", inf)), 1):
        found = node.maybe(place, name)
        ends.append(node.real(name, otherwise) if found is None else float(np.asarray(found).reshape(())))
    none = float(np.finfo(np.float32).max)
    low, high = ends
    return clipped(node, node.held(), -inf if low <= -none else low, inf if high >= none else high)


def _prelu(node: Node) -> Held:
    x = node.held()
    slope = laid_out(x, node.constant(1, "slope"))
    if slope.ndim == 0:
        return Held(node.called("LeakyReLU", x.tensor, alpha=float(slope)), x.order)
    shared = [axis for axis, size in enumerate(slope.shape, 1) if size == 1]
    return Held(node.weighted("PReLU", x.tensor, [slope], shared_axes=shared), x.order)


def _leaky(node: Node) -> Held:
    x = node.held()
    return Held(node.called("LeakyReLU", x.tensor, alpha=node.real("alpha", 0.01)), x.order)


def _extreme(kind: str) -> Callable[[Node], Held]:
    """The maximum or minimum of tensors, or of one and a number."""

    def build(node: Node) -> Held:
        held = [value for value in node.inputs if isinstance(value, Held)]
        if len(held) == len(node.inputs):
            return merged(kind)(node)
        numbers = [np.asarray(value) for value in node.inputs if not isinstance(value, Held)]
        if len(held) > 1 or any(number.size > 1 for number in numbers):
            raise UnheldError("constants of several values; use one number (Clip), or tensors of one shape")
        at = float((np.max if kind == "Maximum" else np.min)([number.reshape(()) for number in numbers]))
        return clipped(node, held[0], *((at, inf) if kind == "Maximum" else (-inf, at)))

    return build


def _softmax(node: Node) -> Held:
    x = node.held()
    new = node.opset >= LAST_AXIS_SINCE
    axis = axis_of(node, x, node.number("axis", -1 if new else 1))
    if not new and prod(x.shape[axis + 1 :]) > 1:
        raise UnheldError(f"it is over all axes from {axis} on; export with opset_version=13 or newer")
    order = channels_last(len(x.order))
    if order[-1] != axis:
        order = (*(a for a in x.order if a != axis), axis)
    x = x if x.order[-1] == axis else in_order(node, x, order)
    return Held(node.called("Activation", x.tensor, activation="softmax"), x.order)


def _on_host(activation: str) -> Callable[[Node], Held]:
    def build(node: Node) -> Held:
        x = node.held()
        return Held(node.called("Activation", x.tensor, activation=activation), x.order)

    return build


OPERATORS = {
    "Relu": lambda node: _relu(node, node.held()),
    "Clip": _clip,
    "LeakyRelu": _leaky,
    "PRelu": _prelu,
    "Max": _extreme("Maximum"),
    "Min": _extreme("Minimum"),
    "Softmax": _softmax,
    **{name: _on_host(activation) for name, activation in ON_HOST.items()},
}
