"""A call of an operation on tensors, and what is made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from convert.frontends.keras.structures import tensors_in
from convert.upstream.types import Config, Layer, Module, Tensor


@dataclass(frozen=True)
class Operation:
    """A call of an operation: what it is called on, in order, its settings, and the shapes of what it ``made``."""

    kind: str
    operands: Sequence[Tensor]
    options: Config
    made: Sequence[tuple[int | None, ...]]
    name: str

    @property
    def tensors(self) -> list[Tensor]:
        return tensors_in(self.operands)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the first tensor, with the batch."""
        return tuple(self.tensors[0].shape)

    def axes(self, default: int | None = None) -> list[int]:
        """The axes that it is over, as positive numbers."""
        axis = self.options.get("axis", default)
        if axis is None:
            return []
        return [int(a) % len(self.shape) for a in (axis if isinstance(axis, (list, tuple)) else [axis])]

    def argument(self, names: Sequence[str], place: int, default: Tensor = None) -> Tensor:
        """The setting of one of ``names``, or what stands at ``place`` among the operands."""
        named = [self.options[name] for name in names if self.options.get(name) is not None]
        if named:
            return named[0]
        return self.operands[place] if len(self.operands) > place else default


Steps = tuple[list[Layer], Tensor]
"""Layers to call one after the other, and the tensor or list of tensors to call the first of them on."""

Builder = Callable[[Module, Operation], Steps | None]
"""From tf-keras and an operation to the layers that do the same; None if there are none."""
