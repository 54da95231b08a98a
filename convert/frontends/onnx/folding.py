"""Nodes that only see constants, computed when the file is read: sizes, mostly, and dequantized weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from onnx import NodeProto, OperatorSetIdProto, TensorProto, helper
from onnx.reference import ReferenceEvaluator

from convert.upstream.types import Values

from .node import UnheldError

FOLDED = frozenset(
    {
        "Abs", "Add", "Cast", "CastLike", "Ceil", "Concat", "Constant", "ConstantOfShape", "DequantizeLinear", "Div",
        "Equal", "Exp", "Expand", "Flatten", "Floor", "Gather", "Greater", "Identity", "Less", "Log", "Max", "Min",
        "Mod", "Mul", "Neg", "Not", "QuantizeLinear", "Range", "Reciprocal", "ReduceProd", "ReduceSum", "Reshape",
        "Round", "Shape", "Size", "Slice", "Split", "Sqrt", "Squeeze", "Sub", "Tile", "Transpose", "Unsqueeze", "Where",
    }
)  # fmt: skip
"""Operators on constants that are computed: what they give is known to be no larger than ``LARGEST``."""

LARGEST = 2**26
"""Numbers: a file that makes more of them out of few is none that anybody trained."""


def folded(node: NodeProto, inputs: Sequence[Values | None], opsets: Sequence[OperatorSetIdProto]) -> list[Values]:
    """What ``node`` gives for constants. Raises ``UnheldError``."""
    if node.op_type not in FOLDED:
        raise UnheldError("its inputs are constants alone, and it is not computed; fold it before export")
    if _largest(node.op_type, inputs) > LARGEST:
        raise UnheldError(f"it makes more than {LARGEST:,} numbers out of constants; export the model again")
    if node.op_type == "DequantizeLinear":
        return [_dequantized(inputs, attributes(node))]
    given = {name: value for name, value in zip(node.input, inputs, strict=True) if value is not None}
    infos = [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in given]
    outputs = [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in node.output]
    graph = helper.make_graph([node], "folded", infos, outputs)
    model = helper.make_model(graph, opset_imports=list(opsets))
    try:
        return [np.asarray(found) for found in ReferenceEvaluator(model).run(None, given)]
    except (RuntimeError, NotImplementedError) as error:
        version = ", ".join(str(opset.version) for opset in opsets)
        raise UnheldError(f"onnx cannot compute it in version {version}; export with a newer opset_version") from error


def _dequantized(inputs: Sequence[Values | None], settings: Mapping[str, Any]) -> Values:
    """(whole numbers - zero) * scale, one of each in all or one along an axis: onnx computes new versions only."""
    whole, scale, zero = (*inputs, None)[:3]
    if whole is None or scale is None or settings.get("block_size", 0):
        raise UnheldError("it quantizes in blocks; use one scale in all, or one for each channel")
    shape = [1] * whole.ndim
    if scale.size > 1:
        shape[settings.get("axis", 1)] = -1
    offset = np.zeros(1) if zero is None else zero.astype(np.float64)
    return (whole - offset.reshape(shape if offset.size > 1 else [1] * whole.ndim)) * scale.reshape(shape)


def _largest(kind: str, inputs: Sequence[Values | None]) -> int:
    """How many numbers ``kind`` may make at most."""
    arrays = [np.asarray(value) for value in inputs if value is not None]
    if kind == "ConstantOfShape":
        return prod(int(n) for n in arrays[0].ravel())
    if kind in ("Expand", "Tile"):
        return int(arrays[0].size) * max(1, prod(int(n) for n in arrays[1].ravel()))
    if kind == "Range":
        start, limit, step = (float(a.reshape(())) for a in arrays)
        return int(abs((limit - start) / step)) + 1 if step else LARGEST + 1
    if kind == "Gather":
        return prod(int(a.size) for a in arrays)
    try:
        return prod(np.broadcast_shapes(*(a.shape for a in arrays)))
    except ValueError:
        return sum(int(a.size) for a in arrays)


def attributes(node: NodeProto) -> Mapping[str, object]:
    """The settings of ``node``: numbers, lists of numbers, words."""
    found = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in found.items()}
