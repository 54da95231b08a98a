"""A tensor of an ONNX graph as one of ``frontends/graph``, which holds its axes in an order of its own."""

from __future__ import annotations

from dataclasses import dataclass

from convert.frontends.graph import Tensor

Order = tuple[int, ...]
"""The axis of ONNX that each axis of the tensor is; the batch is the first of both."""


@dataclass(frozen=True)
class Held:
    """``tensor``, whose axis i is axis ``order[i]`` in ONNX: (0, 2, 3, 1) where ONNX has channels second."""

    tensor: Tensor
    order: Order

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes as ONNX has them, the batch counted as one image."""
        sizes = (1, *self.tensor.sizes)
        return tuple(sizes[place] for place in places(self.order))


def places(order: Order) -> list[int]:
    """At which axis each axis of ONNX is held, in the order of ONNX."""
    return [order.index(axis) for axis in range(len(order))]


def channels_last(rank: int) -> Order:
    """The order of an image, a sequence or a vector in the graph: ONNX has the channels second.

    >>> channels_last(4), channels_last(2)
    ((0, 2, 3, 1), (0, 1))
    """
    return (0, *range(2, rank), 1) if rank > 1 else (0,)


def as_in_onnx(rank: int) -> Order:
    return tuple(range(rank))
