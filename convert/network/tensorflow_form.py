"""What a transform does to images, by TensorFlow: for many images at once, and with gradients."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from convert.padding import transposed_offset
from convert.upstream.tensorflow import load_tensorflow
from convert.upstream.types import Tensor

from .numpy_form import cropped
from .transforms import Convolution, ConvolutionTranspose, Shape, Sparse, Transform


@singledispatch
def apply(transform: Transform, images: Tensor, target: Shape) -> Tensor:
    """``transform`` on images of shape (batch, rows, columns, channels), float32."""
    raise TypeError(f"no TensorFlow form of {type(transform).__name__}")


@apply.register
def _(transform: Convolution, images: Tensor, target: Shape) -> Tensor:
    tf = load_tensorflow()
    kernel, images = tf.cast(transform.kernel, tf.float32), tf.cast(cropped(transform, images), tf.float32)
    rows, columns = transform.strides
    if tuple(kernel.shape[:2]) == (1, 1):  # pixels first: TensorFlow's gradient for a stride may break (docs/upstream)
        return tf.nn.conv2d(images[:, ::rows, ::columns], kernel, 1, "VALID")
    return tf.nn.conv2d(images, kernel, (rows, columns), transform.padding.upper())


@apply.register
def _(transform: ConvolutionTranspose, images: Tensor, target: Shape) -> Tensor:
    tf = load_tensorflow()
    images = tf.cast(images, tf.float32)
    kernel = tf.transpose(tf.cast(transform.kernel, tf.float32), (0, 1, 3, 2))
    sizes, strides = tuple(kernel.shape[:2]), transform.strides
    whole = [(images.shape[1 + i] - 1) * strides[i] + sizes[i] for i in range(2)]
    values = tf.nn.conv2d_transpose(images, kernel, (tf.shape(images)[0], *whole, target[2]), strides, "VALID")
    first = [transposed_offset(sizes[i], strides[i], transform.padding) + transform.crop[i][0] for i in range(2)]
    beyond = [max(0, first[i] + target[i] - whole[i]) for i in range(2)]  # where no tap reaches
    values = tf.pad(values, ((0, 0), (0, beyond[0]), (0, beyond[1]), (0, 0)))
    return values[:, first[0] : first[0] + target[0], first[1] : first[1] + target[1]]


@apply.register
def _(transform: Sparse, images: Tensor, target: Shape) -> Tensor:
    tf = load_tensorflow()
    flat = tf.reshape(tf.cast(images, tf.float32), (tf.shape(images)[0], -1))
    matrix = transform.matrix.tocoo()
    indices = np.stack(matrix.coords, axis=1)
    values = tf.sparse.SparseTensor(indices, matrix.data.astype(np.float32), matrix.shape)
    product = tf.sparse.sparse_dense_matmul(values, flat, adjoint_b=True)
    return tf.reshape(tf.transpose(product), (tf.shape(images)[0], *target))
