"""What moves numbers and leaves them as they are: shapes, axes, parts, joints, zeros around."""

from __future__ import annotations

from itertools import pairwise
from math import prod

import numpy as np

from convert.frontends.onnx.axes import MIXES_IMAGES, axis_of, image, reshaped, taken, transposed
from convert.frontends.onnx.held import Held
from convert.frontends.onnx.node import Node, UnheldError
from convert.frontends.onnx.windows import padded

from .arithmetic import scaled, together

END = 2**31
"""As an end of a slice: whatever is this far or farther is the end."""


def _reshape(node: Node) -> Held:
    x = node.held()
    wanted = node.numbers("shape", 1) or []
    if not node.number("allowzero", 0):
        wanted = [x.shape[i] if n == 0 and i < len(x.order) else n for i, n in enumerate(wanted)]
    if wanted and wanted[0] in (node.batch, -1) and wanted[0] != 1:
        whole = wanted[0] == -1 and prod(wanted[1:]) != prod(x.shape)
        if whole:
            raise UnheldError(MIXES_IMAGES)
        wanted = [1, *wanted[1:]]
    if -1 in wanted:
        known = -prod(wanted)
        wanted = [prod(x.shape) // known if n == -1 and known > 0 else n for n in wanted]
    return reshaped(node, x, wanted)


def _flatten(node: Node) -> Held:
    x, axis = node.held(), node.number("axis", 1)
    axis = axis % (len(x.order) + 1) if axis < 0 else axis
    return reshaped(node, x, [prod(x.shape[:axis]), prod(x.shape[axis:])])


def _squeeze(node: Node) -> Held:
    x = node.held()
    given = node.numbers("axes", 1)
    if given is None:
        given = [axis for axis, size in enumerate(x.shape) if size == 1 and axis]
    axes = [axis_of(node, x, axis) for axis in given]
    return reshaped(node, x, [size for axis, size in enumerate(x.shape) if axis not in axes])


def _unsqueeze(node: Node) -> Held:
    x, given = node.held(), node.numbers("axes", 1) or []
    shape = list(x.shape)
    for axis in sorted(a % (len(shape) + len(given)) for a in given):
        shape.insert(axis, 1)
    return reshaped(node, x, shape)


def _transpose(node: Node) -> Held:
    x = node.held()
    return transposed(x, node.numbers("perm") or list(range(len(x.order)))[::-1])


def _concat(node: Node) -> Held:
    found = together(node)
    axis = axis_of(node, found[0], node.number("axis", 1))
    if len(found) == 1:
        return found[0]
    at = found[0].order.index(axis)
    return Held(node.called("Concatenate", [x.tensor for x in found], axis=at), found[0].order)


def _slice(node: Node) -> Held:
    x = node.held()
    starts, ends = node.numbers("starts", 1) or [], node.numbers("ends", 2) or []
    axes = node.numbers("axes", 3) or list(range(len(starts)))
    steps = node.numbers("steps", 4) or [1] * len(starts)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        place = axis % len(x.order)
        kept = range(x.shape[place])[slice(start, None if end <= -END else end, step)]
        if place == 0 and len(kept) != 1:
            raise UnheldError(MIXES_IMAGES)
        x = x if place == 0 else taken(node, x, place, kept, f"taken_{place}")
    return x


def _split(node: Node) -> list[Held]:
    x = node.held()
    axis = axis_of(node, x, node.number("axis", 0))
    size, parts = x.shape[axis], node.number("num_outputs", node.outputs)
    lengths = node.numbers("split", 1) or [min(-(-size // parts), size - i * -(-size // parts)) for i in range(parts)]
    ends = np.cumsum([0, *lengths]).tolist()
    return [taken(node, x, axis, range(a, b), f"part_{i + 1}") for i, (a, b) in enumerate(pairwise(ends))]


def _gather(node: Node) -> Held:
    x, indices = node.held(), node.constant(1, "indices")
    axis = axis_of(node, x, node.number("axis", 0))
    if indices.ndim > 1:
        raise UnheldError(f"indices of shape {indices.shape}; only a number or a row of them converts")
    found = taken(node, x, axis, [int(i) % x.shape[axis] for i in np.ravel(indices)])
    if indices.ndim == 1:
        return found
    return reshaped(node, found, [size for a, size in enumerate(found.shape) if a != axis])


def _pad(node: Node) -> Held:
    """Zeros around rows and columns; anything else by the positions that are taken."""
    x, mode = node.held(), node.word("mode", "constant")
    widths = _widths(node, x)
    if mode == "constant":
        value = node.maybe(2, "value")
        number = node.real("value", 0.0) if value is None or not value.size else float(value.reshape(-1)[0])
        if number:
            x = scaled(node, x, 1.0, -number, "above")
        x = _zeros(node, x, widths)
        return scaled(node, x, 1.0, number, "back") if number else x
    for axis, (before, after) in widths.items():
        numbers = np.arange(x.shape[axis])
        around = np.pad(numbers, (max(before, 0), max(after, 0)), mode=mode)  # type: ignore[call-overload]
        kept = around[max(-before, 0) : len(around) - max(-after, 0)]
        x = taken(node, x, axis, kept.tolist(), f"around_{axis}")
    return x


def _widths(node: Node, x: Held) -> dict[int, tuple[int, int]]:
    """Positions before and after each axis that has any."""
    pads = node.numbers("pads", 1) or node.numbers("paddings") or []
    axes = [axis % len(x.order) for axis in node.numbers("axes", 3) or range(len(x.order))]
    found = {axis: (pads[i], pads[len(axes) + i]) for i, axis in enumerate(axes)}
    found = {axis: width for axis, width in found.items() if any(width)}
    if 0 in found:
        raise UnheldError(MIXES_IMAGES)
    return found


def _zeros(node: Node, x: Held, widths: dict[int, tuple[int, int]]) -> Held:
    pixels = [widths.get(axis, (0, 0)) for axis in range(2, len(x.order))]
    if len(x.order) in (3, 4) and min(map(min, pixels)) >= 0:
        if any(map(any, pixels)):
            x = image(node, x)
        x = Held(padded(node, x.tensor, pixels, "pixels"), x.order)
        widths = {axis: width for axis, width in widths.items() if axis == 1}
    for axis, (before, after) in widths.items():
        kept = range(max(-before, 0), x.shape[axis] - max(-after, 0))
        x = taken(node, x, axis, [*[-1] * before, *kept, *[-1] * after], f"around_{axis}")
    return x


def _depth_to_space(node: Node) -> Held:
    x, block = node.held(), node.number("blocksize", 1)
    _, channels, rows, columns = x.shape
    deep = channels // block**2
    first = node.word("mode", "DCR") == "DCR"
    apart = reshaped(
        node, x, [1, block, block, deep, rows, columns] if first else [1, deep, block, block, rows, columns]
    )
    moved = transposed(apart, [0, 3, 4, 1, 5, 2] if first else [0, 1, 4, 2, 5, 3])
    return reshaped(node, moved, [1, deep, rows * block, columns * block])


def _space_to_depth(node: Node) -> Held:
    x, block = node.held(), node.number("blocksize", 1)
    _, channels, rows, columns = x.shape
    apart = reshaped(node, x, [1, channels, rows // block, block, columns // block, block])
    moved = transposed(apart, [0, 3, 5, 1, 2, 4])
    return reshaped(node, moved, [1, channels * block**2, rows // block, columns // block])


def _same(node: Node) -> Held:
    return node.held()


def _dropout(node: Node) -> Held:
    if (training := node.maybe(2, "training_mode")) is not None and training.any():
        raise UnheldError("it is in training mode; export the model after model.eval()")
    return node.held()


FLOATS = (1, 10, 11, 16)
"""TensorProto.FLOAT, FLOAT16, DOUBLE and BFLOAT16."""


def _cast(node: Node) -> Held:
    if node.number("to", 1) not in FLOATS:
        raise UnheldError("it rounds to whole numbers, which is not linear; leave it out")
    return node.held()


OPERATORS = {
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Transpose": _transpose,
    "Concat": _concat,
    "Slice": _slice,
    "Split": _split,
    "Gather": _gather,
    "Pad": _pad,
    "DepthToSpace": _depth_to_space,
    "SpaceToDepth": _space_to_depth,
    "Identity": _same,
    "Dropout": _dropout,
    "Cast": _cast,
    "CastLike": _same,
}
