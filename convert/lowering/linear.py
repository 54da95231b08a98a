"""A linear map between images, of which nothing is known but what it gives."""

from __future__ import annotations

from dataclasses import dataclass

from convert.frontends.original import Function
from convert.network import Shape


@dataclass(frozen=True)
class Linear:
    """``forward`` from images of shape ``source`` to images of shape ``target``, and its ``adjoint`` back."""

    forward: Function
    adjoint: Function
    source: Shape
    target: Shape

    @property
    def transposed(self) -> Linear:
        return Linear(self.adjoint, self.forward, self.target, self.source)
