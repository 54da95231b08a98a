"""Arithmetic on tensors (``x + y``, ``x / 255``), which Keras saves as operations: the layers that do the same."""

from __future__ import annotations

from math import prod

import numpy as np

from convert.frontends.keras.operations import comparing, rearranging, reducing
from convert.frontends.keras.operations.indexing import choice, flipped
from convert.frontends.keras.operations.names import KINDS, WAYS_OUT
from convert.frontends.keras.operations.operation import Builder, Operation, Steps
from convert.frontends.keras.structures import flat, tensors_in
from convert.upstream.types import Config, Layer, Module, Tensor


def is_operation(old: Layer) -> bool:
    """Whether ``old`` is no layer but an operation of Keras 3 or tf-keras' stand-in for one."""
    return type(old).__name__ in ("TFOpLambda", "SlicingOpLambda") or not hasattr(old, "get_weights")


def symbol_of(old: Layer) -> str:
    """The class of a Keras 3 operation, or tf-keras' symbol of it."""
    return str(old.symbol) if hasattr(old, "symbol") else type(old).__name__


def way_out(old: Layer) -> str:
    """What to use instead of an operation that does not convert."""
    symbol = symbol_of(old)
    return WAYS_OUT.get(KINDS.get(symbol, symbol), "use the layers that SUPPORTED.md lists")


def as_layers(keras: Module, old: Layer, args: tuple[Tensor, ...], kwargs: Config, name: str) -> Steps | None:
    """The tf-keras layers that do what operation ``old`` does; None if there are none."""
    kind = KINDS.get(symbol_of(old))
    if kind is None:
        return None
    settings = {} if hasattr(old, "symbol") else {k: v for k, v in vars(old).items() if k[0] != "_"}
    options = {**settings, **kwargs}
    named = [kwargs[key] for key in ("x", "y", "x1", "x2", "bias", "value") if kwargs.get(key) is not None]
    operands = [*args, *named]
    if not tensors_in(operands):
        operands = tensors_in(kwargs)
    made = [tuple(output.shape) for output in flat(old._inbound_nodes[0].outputs)]
    op = Operation(kind, operands, {k: v for k, v in options.items() if k != "name"}, made, name)
    settings_too = {id(tensor) for tensor in tensors_in([operands, options])}
    if not op.tensors or (kind in OF_ONE_TENSOR and len(settings_too) > 1):
        return None
    return BUILDERS[kind](keras, op)


def _arithmetic(keras: Module, op: Operation) -> Steps | None:
    """A sum or difference of two tensors, or scale * x + offset for a tensor and numbers."""
    tensors, others = op.tensors, [operand for operand in op.operands if not tensors_in(operand)]
    if len(tensors) == 2:
        merge = {"add": keras.layers.Add, "subtract": keras.layers.Subtract}.get(op.kind)
        unlike = len(tensors[0].shape) != len(tensors[1].shape)
        return None if merge is None or unlike else ([merge(name=op.name)], tensors)
    number = _constant(others[0], op.shape) if others else np.zeros(())
    if number is None:
        return None
    tensor_first = op.operands[0] is tensors[0]
    if op.kind == "divide" and not (tensor_first and number.all()):
        return None
    zero, one = np.zeros(()), np.ones(())
    scale, offset = {
        "add": (one, number),
        "subtract": (one, -number) if tensor_first else (-one, number),
        "multiply": (number, zero),
        "divide": (1 / np.where(number == 0, 1, number), zero),
        "negative": (-one, zero),
    }[op.kind]
    return [keras.layers.Rescaling(scale.tolist(), offset.tolist(), name=op.name)], tensors[0]


def _constant(value: Tensor, shape: tuple[int, ...]) -> Tensor | None:
    """Numbers that can be added to a tensor of ``shape`` and leave it that, without the batch: one, or one for each
    channel, row and so on."""
    number = np.asarray(value, np.float64)
    if number.ndim == len(shape) and number.shape[0] == 1:
        number = number[0]
    if number.size == 1:
        return number.reshape(()) if number.ndim < len(shape) else None
    fits = number.ndim < len(shape) and np.broadcast_shapes(number.shape, shape[1:]) == tuple(shape[1:])
    return number if fits else None


def _relu(keras: Module, op: Operation) -> Steps:
    known = ("max_value", "negative_slope", "threshold")
    return [keras.layers.ReLU(**{k: v for k, v in op.options.items() if k in known}, name=op.name)], op.tensors[0]


def _leaky_relu(keras: Module, op: Operation) -> Steps:
    positional = op.operands[1] if len(op.operands) > 1 else 0.2
    slope = op.options.get("negative_slope", op.options.get("alpha", positional))
    return [keras.layers.LeakyReLU(slope, name=op.name)], op.tensors[0]


def _head(keras: Module, op: Operation) -> Steps | None:
    if op.kind == "softmax" and op.axes(-1) not in ([len(op.shape) - 1], []):
        return None
    return [keras.layers.Activation(op.kind, name=op.name)], op.tensors[0]


def _constants(op: Operation) -> bool:
    """Whether there are arrays among the operands; they are no tensors of the model."""
    return any(np.ndim(operand) > 0 for operand in flat(op.operands) if not tensors_in(operand))


def _concatenate(keras: Module, op: Operation) -> Steps | None:
    return None if _constants(op) else _joined(keras, op.tensors, (op.axes() or [0])[0], op.name)


def _add_n(keras: Module, op: Operation) -> Steps | None:
    if _constants(op):
        return None
    return [keras.layers.Add(name=op.name)] if op.tensors[1:] else [], _one_or_all(op.tensors)


def _stack(keras: Module, op: Operation) -> Steps | None:
    shape, at = list(op.shape), int(op.options.get("axis", 0)) % (len(op.shape) + 1)
    if at == 0 or _constants(op):
        return None
    each = [*shape[1:at], 1, *shape[at:]]
    parts = [keras.layers.Reshape(each, name=f"{op.name}_{i + 1}")(tensor) for i, tensor in enumerate(op.tensors)]
    return _joined(keras, parts, at, op.name)


def _joined(keras: Module, parts: list[Tensor], axis: int, name: str) -> Steps:
    if len(parts) == 1:
        return [], parts[0]
    return [keras.layers.Concatenate(axis=axis, name=name)], parts


def _one_or_all(tensors: list[Tensor]) -> Tensor:
    return tensors if len(tensors) > 1 else tensors[0]


def _shape(keras: Module, op: Operation) -> Steps | None:
    target = [size for size in op.made[0][1:] if size is not None]
    if op.made[0][0] is not None or len(target) < len(op.made[0]) - 1 or prod(target) != prod(op.shape[1:]):
        return None
    return [keras.layers.Reshape(target, name=op.name)], op.tensors[0]


def _choice(keras: Module, op: Operation) -> Steps | None:
    key = op.options["slice_spec"] if "slice_spec" in op.options else op.operands[1]
    layers = choice(keras, key, op.shape, op.name)
    return None if layers is None else (layers, op.tensors[0])


def _flip(keras: Module, op: Operation) -> Steps | None:
    layers = flipped(keras, op.axes(), op.shape, op.name)
    return None if layers is None else (layers, op.tensors[0])


OF_ONE_TENSOR = {*rearranging.BUILDERS, *reducing.BUILDERS}
"""Kinds whose settings have to be numbers; sizes that are tensors, as ``tf.shape`` gives them, are none."""

BUILDERS: dict[str, Builder] = {
    **dict.fromkeys(("add", "subtract", "multiply", "divide", "negative"), _arithmetic),
    "add_n": _add_n,
    "relu": _relu,
    "relu6": lambda keras, op: ([keras.layers.ReLU(6.0, name=op.name)], op.tensors[0]),
    "leaky_relu": _leaky_relu,
    **dict.fromkeys(("softmax", "sigmoid", "tanh", "softplus", "softsign"), _head),
    "concatenate": _concatenate,
    "stack": _stack,
    "same": lambda keras, op: ([], op.tensors[0]),
    "shape": _shape,
    "choice": _choice,
    "flip": _flip,
    "zeros": lambda keras, op: ([keras.layers.Rescaling(0.0, name=op.name)], op.tensors[0]),
    **rearranging.BUILDERS,
    **comparing.BUILDERS,
    **reducing.BUILDERS,
}
