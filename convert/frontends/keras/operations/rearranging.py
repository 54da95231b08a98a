"""Operations that move pixels and channels or repeat them, as layers: splits, transposition, padding, shuffles."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from convert.frontends.keras import fixed
from convert.frontends.keras.operations.indexing import IMAGE_AXES, choice
from convert.frontends.keras.operations.operation import Builder, Operation, Steps
from convert.frontends.keras.reading.configs import KEEPING, enlargement
from convert.upstream.types import Layer, Module, Tensor


def _split(keras: Module, op: Operation) -> Steps | None:
    """Parts of an axis, one after the other, each as large as the operation made it."""
    axis = int(op.argument(("axis",), 2, 0)) % len(op.shape)
    ends = np.cumsum([0, *(shape[axis] or 0 for shape in op.made)])
    return _parts(keras, op, axis, [slice(int(a), int(b)) for a, b in pairwise(ends)])


def _unstack(keras: Module, op: Operation) -> Steps | None:
    axis = int(op.argument(("axis",), 2, 0)) % len(op.shape)
    return _parts(keras, op, axis, list(range(len(op.made))))


def _parts(keras: Module, op: Operation, axis: int, keys: list[slice] | list[int]) -> Steps | None:
    """``x[key]`` along ``axis`` for each of ``keys``, in a list."""
    if axis == 0:
        return None
    outputs = []
    for i, key in enumerate(keys):
        layers = choice(keras, (*[slice(None)] * axis, key), op.shape, f"{op.name}_{i + 1}")
        if layers is None:
            return None
        outputs.append(_through(layers, op.tensors[0]))
    return [], outputs


def _through(layers: list[Layer], x: Tensor) -> Tensor:
    for layer in layers:
        x = layer(x)
    return x


def _pad(keras: Module, op: Operation) -> Steps | None:
    """Zeros around rows, columns and channels."""
    widths = np.broadcast_to(np.asarray(op.argument(("pad_width", "paddings"), 1)), (len(op.shape), 2)).tolist()
    zeros = str(op.argument(("mode",), 2, "constant")).lower() == "constant"
    if not zeros or op.options.get("constant_values") or len(op.shape) != IMAGE_AXES or any(widths[0]):
        return None
    layers = []
    if any(widths[1] + widths[2]):
        layers.append(keras.layers.ZeroPadding2D((tuple(widths[1]), tuple(widths[2])), name=f"{op.name}_pixels"))
    if any(widths[3]):
        before, after = widths[3]
        among = np.eye(op.shape[3], before + op.shape[3] + after, before)
        layers.append(fixed.channels(keras, among, f"{op.name}_channels"))
    return layers, op.tensors[0]


def _transpose(keras: Module, op: Operation) -> Steps | None:
    axes = _order(op)
    if axes[0] != 0:
        return None
    return [keras.layers.Permute(tuple(axes[1:]), name=op.name)], op.tensors[0]


def _order(op: Operation) -> list[int]:
    """Which axis of the tensor each axis of the result is."""
    count = len(op.shape)
    axes = list(range(count))
    if "axis1" in op.options:
        one, other = int(op.options["axis1"]) % count, int(op.options["axis2"]) % count
        axes[one], axes[other] = axes[other], axes[one]
        return axes
    if "source" in op.options:
        places = zip(np.ravel(op.options["destination"]), np.ravel(op.options["source"]), strict=True)
        moved = sorted((int(place) % count, int(axis) % count) for place, axis in places)
        axes = [axis for axis in axes if axis not in dict(moved).values()]
        for place, axis in moved:
            axes.insert(place, axis)
        return axes
    wanted = op.argument(("axes", "perm"), 1)
    return axes[::-1] if wanted is None else [int(axis) % count for axis in wanted]


def _depth_to_space(keras: Module, op: Operation) -> Steps | None:
    """Blocks of channels as pixels."""
    block = int(op.argument(("block_size",), 1))
    if _other_layout(op):
        return None
    rows, columns, channels = op.shape[1:]
    apart = (rows, columns, block, block, channels // block**2)
    return _shuffled(keras, op, apart, (rows * block, columns * block, apart[-1])), op.tensors[0]


def _space_to_depth(keras: Module, op: Operation) -> Steps | None:
    """Blocks of pixels as channels."""
    block = int(op.argument(("block_size",), 1))
    if _other_layout(op):
        return None
    rows, columns, channels = op.shape[1:]
    made = (rows // block, columns // block)
    return _shuffled(keras, op, (made[0], block, made[1], block, channels), (*made, channels * block**2)), op.tensors[0]


def _shuffled(keras: Module, op: Operation, apart: tuple[int, ...], made: tuple[int, ...]) -> list[Layer]:
    layers = keras.layers
    return [
        layers.Reshape(apart, name=f"{op.name}_apart"),
        layers.Permute((1, 3, 2, 4, 5), name=f"{op.name}_moved"),
        layers.Reshape(made, name=op.name),
    ]


def _other_layout(op: Operation) -> bool:
    return str(op.argument(("data_format",), 2, "NHWC")) not in ("NHWC", "channels_last")


def _resize(keras: Module, op: Operation) -> Steps | None:
    """To a whole multiple of the rows and columns."""
    size = [int(n) for n in np.ravel(op.argument(("size",), 1))]
    kind = str(op.argument(("method", "interpolation"), 2, "bilinear"))
    kept = any(op.options.get(f"{way}_to_aspect_ratio") for way in KEEPING) or list(op.made[0][1:3]) != size
    if kept or len(op.shape) != IMAGE_AXES or op.options.get("data_format", "channels_last") != "channels_last":
        return None
    factors = enlargement(op.shape[1:3], size, kind)
    if factors is None:
        return None
    return [keras.layers.UpSampling2D(factors, interpolation=kind, name=op.name)], op.tensors[0]


def _repeat(keras: Module, op: Operation) -> Steps | None:
    """Every row, every column so many times in a row."""
    times, axis = op.argument(("repeats",), 1), op.argument(("axis",), 2)
    if np.ndim(times) or axis is None or len(op.shape) != IMAGE_AXES or int(axis) % IMAGE_AXES not in (1, 2):
        return None
    factors = (int(times), 1) if int(axis) % IMAGE_AXES == 1 else (1, int(times))
    return [keras.layers.UpSampling2D(factors, name=op.name)], op.tensors[0]


def _tile(keras: Module, op: Operation) -> Steps | None:
    """The whole so many times along each axis."""
    times = [int(n) for n in np.ravel(op.argument(("repeats", "multiples"), 1))]
    times = [1] * (len(op.shape) - len(times)) + times
    if times[0] != 1 or len(times) != len(op.shape):
        return None
    x = op.tensors[0]
    for axis, count in enumerate(times):
        if count > 1:
            x = keras.layers.Concatenate(axis=axis, name=f"{op.name}_{axis}")([x] * count)
    return [], x


BUILDERS: dict[str, Builder] = {
    "split": _split,
    "unstack": _unstack,
    "pad": _pad,
    "transpose": _transpose,
    "depth_to_space": _depth_to_space,
    "space_to_depth": _space_to_depth,
    "resize": _resize,
    "repeat": _repeat,
    "tile": _tile,
}
