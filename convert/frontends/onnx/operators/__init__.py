"""The operators of ONNX that convert: one small function for each, in a file for each kind."""

from __future__ import annotations

from collections.abc import Callable

from convert.frontends.onnx.held import Held
from convert.frontends.onnx.node import Node

from . import activations, arithmetic, convolving, pooling, rearranging, resizing

Operator = Callable[[Node], "Held | list[Held]"]
"""From a node to its output, or its outputs. Raises ``UnheldError`` with the reason and the way out."""

REGISTRY: dict[str, Operator] = {}


def register(operators: dict[str, Operator]) -> None:
    """Adds operators to the registry; a second entry for one is our own bug."""
    for name, operator in operators.items():
        if name in REGISTRY:
            raise ValueError(f"operator {name} is registered twice")
        REGISTRY[name] = operator


for _room in (convolving, arithmetic, activations, pooling, resizing, rearranging):
    register(_room.OPERATORS)  # type: ignore[arg-type]
