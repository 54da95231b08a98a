"""What rearranges axes or maps one of them linearly, as layers."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from convert.frontends.graph import keras_like
from convert.frontends.keras.operations.indexing import choice

from .held import Held, Order, as_in_onnx, channels_last
from .node import Node, UnheldError

MIXES_IMAGES = "it mixes the images of a batch; export the model with one image, axis 0 the batch throughout"


def in_order(node: Node, x: Held, order: Order, part: str = "order") -> Held:
    """``x`` with its axes held in ``order``."""
    if x.order == order:
        return x
    where = [x.order.index(axis) for axis in order]
    sizes = [(1, *x.tensor.sizes)[place] for place in where]
    moved = [place for place, size in zip(where, sizes, strict=True) if size > 1 and place > 0]
    if moved == sorted(moved):
        return Held(node.called("Reshape", x.tensor, part, target_shape=sizes[1:]), order)
    return Held(node.called("Permute", x.tensor, part, dims=tuple(where[1:])), order)


def image(node: Node, x: Held) -> Held:
    """``x`` with its channels last."""
    return in_order(node, x, channels_last(len(x.order)))


def reshaped(node: Node, x: Held, shape: Sequence[int]) -> Held:
    """``x`` in a new ``shape``, in the order of elements that ONNX has. Raises ``UnheldError``."""
    if tuple(shape) == x.shape:
        return x
    if len(shape) < 2 or shape[0] != 1 or prod(shape) != prod(x.shape):
        raise UnheldError(MIXES_IMAGES)
    plain = in_order(node, x, as_in_onnx(len(x.order)))
    return Held(node.called("Reshape", plain.tensor, target_shape=list(shape[1:])), as_in_onnx(len(shape)))


def transposed(x: Held, axes: Sequence[int]) -> Held:
    """``x`` whose axis i is what was axis ``axes[i]``: it stays as it is held. Raises ``UnheldError``."""
    if axes[0] != 0:
        raise UnheldError(MIXES_IMAGES)
    return Held(x.tensor, tuple(list(axes).index(axis) for axis in x.order))


def axis_of(node: Node, x: Held, axis: int) -> int:
    """``axis`` counted from the front. Raises ``UnheldError`` for the batch's."""
    found = axis % len(x.order)
    if found == 0:
        raise UnheldError(MIXES_IMAGES)
    return found


def along(node: Node, x: Held, axis: int, matrix: NDArray[np.float64], part: str = "along") -> Held:
    """``x`` with ``axis`` (of ONNX) times ``matrix`` (its size, its new size)."""
    last = (*(a for a in x.order if a != axis), axis)
    x = in_order(node, x, last, f"{part}_order")
    return Held(node.weighted("Dense", x.tensor, [matrix], part), last)


def taken(node: Node, x: Held, axis: int, indices: Sequence[int], part: str = "taken") -> Held:
    """The positions ``indices`` of ``axis``; -1 is one of zeros."""
    size, indices = x.shape[axis], list(indices)
    if indices == list(range(size)):
        return x
    if not indices:
        raise UnheldError("it takes nothing of its input; leave it out")
    steps = set(np.diff(indices).tolist())
    if min(indices) >= 0 and (not steps or (len(steps) == 1 and min(steps) > 0)) and len(x.order) <= 4:
        step = max(steps, default=1)
        key = [slice(None)] * len(x.order)
        key[x.order.index(axis)] = slice(indices[0], indices[-1] + 1, step)
        layers = choice(keras_like, tuple(key), (1, *x.tensor.sizes), node.names.fresh(f"{node.name}_{part}"))
        if layers is not None:
            tensor = x.tensor
            for layer in layers:
                tensor = layer(tensor)
            return Held(tensor, x.order)
    return along(node, x, axis, np.eye(size)[:, indices] * (np.asarray(indices) >= 0), part)
