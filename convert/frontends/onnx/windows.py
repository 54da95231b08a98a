"""The windows of convolutions and pools along the rows and columns of an image, and how it is padded for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from convert.frontends.graph import Tensor

from .node import Node, UnheldError


@dataclass(frozen=True)
class Window:
    """``taps`` that begin every ``stride`` positions of ``size`` ones, with padding ``before`` and ``after`` them."""

    size: int
    taps: int
    stride: int
    dilation: int
    before: int
    after: int
    rounded_up: bool = False

    @property
    def extent(self) -> int:
        return (self.taps - 1) * self.dilation + 1

    @cached_property
    def count(self) -> int:
        """How many windows there are."""
        room = self.size + self.before + self.after - self.extent
        if not self.rounded_up:
            return room // self.stride + 1
        found = -(-room // self.stride) + 1
        return found - 1 if (found - 1) * self.stride >= self.size + self.before else found

    @property
    def end(self) -> int:
        """Positions that padding adds at the end up to the last window; below zero are those that none reaches."""
        return (self.count - 1) * self.stride + self.extent - self.size - self.before

    @property
    def as_same(self) -> bool:
        """Whether TensorFlow's padding 'same' gives just these windows."""
        total = max((-(-self.size // self.stride) - 1) * self.stride + self.extent - self.size, 0)
        return self.count == -(-self.size // self.stride) and self.before == total // 2


def windows_of(node: Node, sizes: Sequence[int], taps: Sequence[int]) -> list[Window]:
    """One window for each axis of ``sizes``. Raises ``UnheldError``."""
    axes = len(sizes)
    strides, dilations = (node.numbers(name) or [1] * axes for name in ("strides", "dilations"))
    pads, kind = node.numbers("pads") or [0] * 2 * axes, node.word("auto_pad", "NOTSET")
    if min(pads) < 0:
        raise UnheldError(f"pads of {min(pads)} cut the image; use Slice before it")
    found = []
    for i, size in enumerate(sizes):
        before, after = pads[i], pads[axes + i]
        if kind != "NOTSET":
            total = max((-(-size // strides[i]) - 1) * strides[i] + (taps[i] - 1) * dilations[i] + 1 - size, 0)
            before = {"SAME_UPPER": total // 2, "SAME_LOWER": total - total // 2}.get(kind, 0)
            after = total - before if kind.startswith("SAME") else 0
        up = bool(node.number("ceil_mode", 0))
        found.append(Window(size, taps[i], strides[i], dilations[i], before, after, up))
    if min(window.count for window in found) < 1:
        raise UnheldError("its windows are larger than its input; export the model with larger images")
    return found


def padded(node: Node, tensor: Tensor, widths: Sequence[tuple[int, int]], part: str = "pad") -> Tensor:
    """``tensor``, channels last, with zeros before and after each of its rows and columns."""
    return _around(node, tensor, widths, "ZeroPadding", "padding", part)


def cropped(node: Node, tensor: Tensor, widths: Sequence[tuple[int, int]], part: str = "crop") -> Tensor:
    return _around(node, tensor, widths, "Cropping", "cropping", part)


def _around(
    node: Node, tensor: Tensor, widths: Sequence[tuple[int, int]], kind: str, setting: str, part: str
) -> Tensor:
    pairs = [(max(0, before), max(0, after)) for before, after in widths]
    if not any(map(any, pairs)):
        return tensor
    value = pairs[0] if len(pairs) == 1 else tuple(pairs)
    return node.called(f"{kind}{len(pairs)}D", tensor, part, **{setting: value})
