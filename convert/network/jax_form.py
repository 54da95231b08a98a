"""What a transform does to images, by JAX: for many images at once, on a GPU, and with gradients.

Weights are an argument, so that what is compiled once serves all of them.
"""

from __future__ import annotations

from functools import singledispatch

from convert.padding import transposed_offset
from convert.upstream.jax import load_jax
from convert.upstream.types import Tensor

from .numpy_form import cropped
from .transforms import Convolution, ConvolutionTranspose, Shape, Transform

AXES = ("NHWC", "HWIO", "NHWC")


@singledispatch
def apply(transform: Transform, weights: Tensor, images: Tensor, target: Shape) -> Tensor:
    """``transform`` with ``weights`` on images of shape (batch, rows, columns, channels), float32."""
    raise TypeError(f"no JAX form of {type(transform).__name__}")


@apply.register
def _(transform: Convolution, weights: Tensor, images: Tensor, target: Shape) -> Tensor:
    seen, padding = cropped(transform, images), transform.padding.upper()
    return load_jax().lax.conv_general_dilated(seen, weights, transform.strides, padding, dimension_numbers=AXES)


@apply.register
def _(transform: ConvolutionTranspose, weights: Tensor, images: Tensor, target: Shape) -> Tensor:
    sizes, strides = transform.kernel.shape[:2], transform.strides
    around = [(size - 1, size - 1) for size in sizes]
    values = load_jax().lax.conv_general_dilated(
        images, weights[::-1, ::-1], (1, 1), around, lhs_dilation=strides, dimension_numbers=AXES
    )
    first = [transposed_offset(sizes[i], strides[i], transform.padding) + transform.crop[i][0] for i in range(2)]
    beyond = [max(0, first[i] + target[i] - values.shape[1 + i]) for i in range(2)]  # where no tap reaches
    values = load_jax().numpy.pad(values, ((0, 0), (0, beyond[0]), (0, beyond[1]), (0, 0)))
    return values[:, first[0] : first[0] + target[0], first[1] : first[1] + target[1]]
