"""Convolutions, matrices and normalizations."""

from __future__ import annotations

import numpy as np

from convert.frontends.onnx.axes import image, in_order, taken
from convert.frontends.onnx.held import Held
from convert.frontends.onnx.node import Node, UnheldError
from convert.frontends.onnx.windows import Window, cropped, padded, windows_of
from convert.upstream.types import Values

DIMENSIONS = "only one and two dimensions of pixels convert; use Conv1d or Conv2d"


def spatial_kernel(node: Node, x: Held) -> tuple[Values, int]:
    """The kernel as ONNX has it, and the dimensions of its pixels."""
    kernel = node.constant(1, "kernel")
    dimensions = kernel.ndim - 2
    if dimensions not in (1, 2) or len(x.order) != kernel.ndim:
        raise UnheldError(DIMENSIONS)
    return kernel, dimensions


def conv(node: Node) -> Held:
    """A Conv1D or Conv2D, by channel a DepthwiseConv; strides that TensorFlow has not are taken afterwards."""
    x = image(node, node.held())
    kernel, dimensions = spatial_kernel(node, x)
    groups, bias = node.number("group", 1), node.maybe(2, "bias")
    by_channel = groups == x.shape[1] > 1 and kernel.shape[1] == 1
    windows = windows_of(node, x.shape[2:], kernel.shape[2:])
    strides, dilations = [w.stride for w in windows], [w.dilation for w in windows]
    after = max(strides) > 1 and (max(dilations) > 1 or (by_channel and len(set(strides)) > 1))
    same = not after and all(w.as_same for w in windows)
    tensor = x.tensor if same else padded(node, x.tensor, [(w.before, w.end) for w in windows])
    weights = np.moveaxis(kernel, (0, 1), (-1, -2))
    if by_channel:
        weights = np.moveaxis(kernel[:, 0], 0, -1).reshape(*kernel.shape[2:], groups, -1)
    tensor = node.weighted(
        f"{'Depthwise' if by_channel else ''}Conv{dimensions}D",
        tensor,
        [weights, bias],
        strides=[1] * dimensions if after else strides,
        padding="same" if same else "valid",
        dilation_rate=dilations,
        **({} if by_channel else {"groups": groups}),
    )
    made = Held(tensor, x.order)
    for axis, window in enumerate(windows, 2):
        if after:
            made = taken(node, made, axis, range(0, made.shape[axis], window.stride), f"strided_{axis - 1}")
    return made


def conv_transpose(node: Node) -> Held:
    """A Conv1DTranspose or Conv2DTranspose without padding, and what is cropped of it."""
    x = image(node, node.held())
    kernel, dimensions = spatial_kernel(node, x)
    windows, bias = windows_of(node, x.shape[2:], kernel.shape[2:]), node.maybe(2, "bias")
    kernel = _ungrouped(kernel, node.number("group", 1))
    dilated = np.zeros((*kernel.shape[:2], *(w.extent for w in windows)))
    dilated[(slice(None), slice(None), *(slice(None, None, w.dilation) for w in windows))] = kernel
    sizes = _sizes(node, windows)
    widths = _cropped(node, windows, sizes)
    beyond = any(after < 0 for _, after in widths)
    tensor = node.weighted(
        f"Conv{dimensions}DTranspose",
        x.tensor,
        [np.moveaxis(dilated, (0, 1), (-1, -2)), None if beyond else bias],
        strides=[w.stride for w in windows],
        padding="valid",
    )
    tensor = cropped(node, tensor, widths)
    tensor = padded(node, tensor, [(0, -after) for _, after in widths])
    if beyond and bias is not None:
        tensor = node.called("Rescaling", tensor, "bias", scale=1.0, offset=bias.tolist())
    return Held(tensor, x.order)


def _ungrouped(kernel: Values, groups: int) -> Values:
    """The kernel of one group that does the same, with zeros between the groups."""
    each, per_group = kernel.shape[0] // groups, kernel.shape[1]
    whole = np.zeros((kernel.shape[0], per_group * groups, *kernel.shape[2:]))
    for group in range(groups):
        rows = slice(group * each, (group + 1) * each)
        whole[rows, group * per_group : (group + 1) * per_group] = kernel[rows]
    return whole


def _sizes(node: Node, windows: list[Window]) -> list[int]:
    """The rows and columns that a transposed convolution gives."""
    if (wanted := node.numbers("output_shape")) is not None:
        return wanted[-len(windows) :]
    if node.word("auto_pad", "NOTSET").startswith("SAME"):
        return [w.size * w.stride for w in windows]
    more, pads = node.numbers("output_padding") or [0] * len(windows), node.numbers("pads") or [0] * 2 * len(windows)
    totals = [pads[i] + pads[len(windows) + i] for i in range(len(windows))]
    return [
        (w.size - 1) * w.stride + w.extent + more - total for w, more, total in zip(windows, more, totals, strict=True)
    ]


def _cropped(node: Node, windows: list[Window], sizes: list[int]) -> list[tuple[int, int]]:
    """What is cut before and after of what Keras gives without padding; below zero where it is too short."""
    pads, kind = node.numbers("pads"), node.word("auto_pad", "NOTSET")
    given = pads is not None and node.numbers("output_shape") is None and kind == "NOTSET"
    found = []
    for i, (w, size) in enumerate(zip(windows, sizes, strict=True)):
        total = (w.size - 1) * w.stride + w.extent - size
        before = max(total, 0) // 2 if kind != "SAME_LOWER" else max(total, 0) - max(total, 0) // 2
        before = pads[i] if given and pads is not None else before
        whole = (w.size - 1) * w.stride + max(w.extent, w.stride)
        found.append((before, whole - before - size))
    return found


def gemm(node: Node) -> Held:
    """A Dense."""
    x, matrix, offset = node.held(), node.constant(1, "matrix"), node.maybe(2, "bias")
    if node.number("transA", 0) or len(x.order) != 2:
        raise UnheldError("its input is transposed, which mixes the images of a batch; use Linear on (images, values)")
    matrix = (matrix.T if node.number("transB", 0) else matrix) * node.real("alpha", 1.0)
    bias = None if offset is None else np.broadcast_to(offset * node.real("beta", 1.0), (1, matrix.shape[1]))[0]
    return _dense(node, x, matrix, bias)


def matmul(node: Node) -> Held:
    """A Dense along the last axis."""
    if all(isinstance(value, Held) for value in node.inputs):
        raise UnheldError("it multiplies activations; spikes are added, not multiplied: use Linear or Conv2d")
    x, matrix = node.held(), node.constant(1, "matrix")
    if matrix.ndim != 2:
        raise UnheldError(f"a matrix of shape {matrix.shape} for each image or pixel; only one of two axes converts")
    last = len(x.order) - 1
    return _dense(node, in_order(node, x, (*(a for a in x.order if a != last), last)), matrix, None)


def _dense(node: Node, x: Held, matrix: Values, bias: Values | None) -> Held:
    return Held(node.weighted("Dense", x.tensor, [matrix, bias]), x.order)


def batch_normalization(node: Node) -> Held:
    """A BatchNormalization of the channels."""
    if node.number("training_mode", 0):
        raise UnheldError("it is in training mode; export the model after model.eval()")
    x = image(node, node.held())
    scale, offset, mean, variance = (
        node.constant(i + 1, what) for i, what in enumerate(("scale", "offset", "mean", "variance"))
    )
    epsilon = node.real("epsilon", 1e-5)
    weights = [scale, offset, mean, variance]
    return Held(node.weighted("BatchNormalization", x.tensor, weights, epsilon=epsilon), x.order)


OPERATORS = {
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "Gemm": gemm,
    "MatMul": matmul,
    "BatchNormalization": batch_normalization,
}
