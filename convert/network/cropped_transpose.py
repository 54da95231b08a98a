"""``nengo.ConvolutionTranspose`` of which a part is used; Nengo's own gives every pixel that it reaches."""

from __future__ import annotations

from math import prod
from typing import Any

import nengo
import numpy as np
from nengo.builder import Builder
from nengo.builder.operator import Copy
from nengo.builder.signal import Signal
from nengo.builder.transforms import build_convolution

from convert.upstream.types import NengoObject

from .transforms import Margins, Shape


class CroppedConvolutionTranspose(nengo.ConvolutionTranspose):  # type: ignore[misc]
    """A transposed convolution onto ``target`` pixels, ``crop`` of what it gives left out around them.

    ``output_shape`` is that before it is cropped.
    """

    def __init__(self, source: Shape, target: Shape, crop: Margins, **kernel: Any) -> None:
        rows, columns = (size + sum(margins) for size, margins in zip(target[:2], crop, strict=True))
        super().__init__(target[2], source, output_shape=(rows, columns, target[2]), **kernel)
        self.target, self.crop = target, crop

    @property
    def size_out(self) -> int:
        return prod(self.target)

    @property
    def kept(self) -> list[int]:
        """Which numbers of the output before cropping are kept."""
        (top, _), (left, _) = self.crop
        numbers = np.arange(self.output_shape.size).reshape(self.output_shape.shape)
        kept = numbers[top : top + self.target[0], left : left + self.target[1]]
        return [int(number) for number in kept.ravel()]


@Builder.register(CroppedConvolutionTranspose)  # type: ignore[untyped-decorator]
def _build(model: Any, transform: CroppedConvolutionTranspose, sig_in: Any, **given: Any) -> tuple[Any, Any]:
    """The whole output, and a copy of what is kept."""
    whole = nengo.ConvolutionTranspose(
        transform.n_filters,
        transform.input_shape,
        output_shape=transform.output_shape,
        kernel_size=transform.kernel_size,
        strides=transform.strides,
        padding=transform.padding,
        init=transform.init,
    )
    every, weights = build_convolution(model, whole, sig_in, **given)
    kept: NengoObject = Signal(shape=transform.size_out, name=f"{transform}.kept")
    model.add_op(Copy(every, kept, src_slice=transform.kept))
    return kept, weights
