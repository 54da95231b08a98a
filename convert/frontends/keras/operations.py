"""Arithmetic on tensors (``x + y``, ``x / 255``), which Keras saves as operations: the layers that do the same."""

from __future__ import annotations

from math import prod

import numpy as np

from convert.upstream.types import Config, Layer, Module, Tensor

from . import comparing, rearranging, reducing
from .indexing import choice, flipped
from .operation import Builder, Operation, Steps
from .structures import flat, tensors_in

NAMES = {
    "add": ("Add", "__operators__.add", "math.add", "AddV2", "nn.bias_add"),
    "subtract": ("Subtract", "math.subtract"),
    "multiply": ("Multiply", "math.multiply"),
    "divide": ("TrueDivide", "Divide", "math.truediv", "math.divide"),
    "negative": ("Negative", "math.negative"),
    "add_n": ("math.add_n",),
    "relu": ("Relu", "ReLU", "nn.relu"),
    "relu6": ("Relu6", "nn.relu6"),
    "leaky_relu": ("LeakyRelu", "nn.leaky_relu"),
    "softmax": ("Softmax", "nn.softmax"),
    "sigmoid": ("Sigmoid", "math.sigmoid", "nn.sigmoid"),
    "concatenate": ("Concatenate", "concat"),
    "stack": ("Stack", "stack"),
    "mean": ("Mean", "math.reduce_mean"),
    "sum": ("Sum", "math.reduce_sum"),
    "same": ("Cast", "cast", "Identity", "identity", "StopGradient", "stop_gradient", "Copy"),
    "shape": ("Reshape", "reshape", "ExpandDims", "expand_dims", "Squeeze", "squeeze"),
    "choice": ("GetItem", "__operators__.getitem"),
    "flip": ("Flip", "reverse"),
    "split": ("Split", "split", "ArraySplit"),
    "unstack": ("Unstack", "unstack"),
    "pad": ("Pad", "compat.v1.pad"),
    "transpose": ("Transpose", "compat.v1.transpose", "Swapaxes", "Moveaxis"),
    "depth_to_space": ("DepthToSpace", "nn.depth_to_space", "compat.v1.nn.depth_to_space"),
    "space_to_depth": ("SpaceToDepth", "nn.space_to_depth", "compat.v1.nn.space_to_depth"),
    "resize": ("Resize", "image.resize"),
    "zeros": ("ZerosLike", "zeros_like"),
    "absolute": ("Absolute", "Abs", "math.abs"),
    "maximum": ("Maximum", "math.maximum"),
    "minimum": ("Minimum", "math.minimum"),
    "clip": ("Clip", "clip_by_value"),
}
"""What converts: classes of Keras 3 operations, and symbols of tf-keras' ``TFOpLambda``, by what they do."""

KINDS = {name: kind for kind, names in NAMES.items() for name in names}

WRITTEN = (
    "`x + y`, `x - y`; `+`, `-`, `*`, `/` with a number or one for each channel; relu, relu6, leaky_relu, abs, clip, "
    "maximum, minimum; concatenate, stack, add_n, mean and sum over rows, columns and channels; `x[...]` and flips of "
    "channels, split, unstack, reshape, transpose, depth_to_space, space_to_depth, pad with zeros, zeros_like, resize "
    "to a whole multiple, cast"
)
"""The same for people; softmax and sigmoid at an output besides."""

MAXIMUM = "a maximum of spike rates is not a sum of spikes; use GlobalAveragePooling2D"

PRODUCTS = (
    *("Matmul", "Einsum", "Dot", "Square", "Sqrt", "Rsqrt", "Power", "Norm"),
    *("linalg.matmul", "einsum", "math.square", "math.sqrt", "math.rsqrt", "math.pow", "math.l2_normalize"),
)
"""Operations that multiply what spikes say."""

CURVES = (
    *("Silu", "HardSilu", "HardSwish", "Gelu", "Elu", "Selu", "Celu", "Tanh", "HardTanh", "HardSigmoid", "Softplus"),
    *(
        "Exp",
        "Log",
        "Sin",
        "nn.silu",
        "nn.gelu",
        "nn.elu",
        "nn.selu",
        "math.tanh",
        "math.softplus",
        "math.exp",
        "math.log",
    ),
)
"""Activations that are no sum of ReLUs."""

WAYS_OUT = {
    "multiply": "spikes are added, not multiplied; use Add or Concatenate",
    "divide": "divide by numbers other than zero only",
    "stack": "use Concatenate",
    "choice": "use Cropping2D for rows and columns, x[..., a:b] for channels",
    "flip": "flip the images' rows and columns in the data, not in the model",
    "shape": "use Reshape or Flatten",
    "softmax": "the host's softmax is over the last axis; use axis=-1",
    "mean": "use GlobalAveragePooling2D, a mean over rows and columns",
    "sum": "use GlobalAveragePooling2D, a mean over rows and columns",
    "Max": MAXIMUM,
    "math.reduce_max": MAXIMUM,
    **dict.fromkeys(PRODUCTS, "spikes are added, not multiplied; use Add or Concatenate"),
    **dict.fromkeys(CURVES, "use relu"),
    "pad": "pad rows, columns and channels with zeros, or use ZeroPadding2D",
    "transpose": "leave the axis of the batch in front, or use Permute",
    "split": "use x[..., :n] for each part",
    "unstack": "use x[..., n] for each part",
    "resize": "use UpSampling2D or AveragePooling2D",
    "maximum": "use Add or Average",
    "minimum": "use Add or Average",
}
"""What to use instead, by kind, class or symbol."""


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
    if not op.tensors:
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
    """Numbers that can be added to a tensor of ``shape`` and leave it that: of shape () or (channels,)."""
    number = np.asarray(value, np.float64)
    if number.size == 1 and number.ndim < len(shape):
        return number.reshape(())
    return number.reshape(-1) if number.size == number.shape[-1] == shape[-1] and number.ndim <= len(shape) else None


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


def _stack(keras: Module, op: Operation) -> Steps | None:
    shape, at = list(op.shape), int(op.options.get("axis", 0)) % (len(op.shape) + 1)
    if at == 0:
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


BUILDERS: dict[str, Builder] = {
    **dict.fromkeys(("add", "subtract", "multiply", "divide", "negative"), _arithmetic),
    "add_n": lambda keras, op: ([keras.layers.Add(name=op.name)] if op.tensors[1:] else [], _one_or_all(op.tensors)),
    "relu": _relu,
    "relu6": lambda keras, op: ([keras.layers.ReLU(6.0, name=op.name)], op.tensors[0]),
    "leaky_relu": _leaky_relu,
    "softmax": _head,
    "sigmoid": _head,
    "concatenate": lambda keras, op: _joined(keras, op.tensors, (op.axes() or [0])[0], op.name),
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
