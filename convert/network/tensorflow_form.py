"""What a transform does: to images, by TensorFlow, and as a matrix, by its definition."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from scipy import sparse

from convert.upstream.tensorflow import load_tensorflow

from .network import Convolution, ConvolutionTranspose, Shape, Sparse, Transform


def apply(transform: Transform, images: Any, target: Shape) -> Any:
    """``transform`` on images of shape (batch, rows, columns, channels), by TensorFlow, float32."""
    tf = load_tensorflow()
    images = tf.cast(images, tf.float32)
    if isinstance(transform, Convolution):
        return tf.nn.conv2d(images, tf.cast(transform.kernel, tf.float32), transform.strides, transform.padding.upper())
    if isinstance(transform, ConvolutionTranspose):
        return _apply_transposed(tf, transform, images, target)
    flat = tf.reshape(images, (len(images), -1))
    matrix = transform.matrix.tocoo()
    indices = np.stack(matrix.coords, axis=1)
    values = tf.sparse.SparseTensor(indices, matrix.data.astype(np.float32), matrix.shape)
    product_ = tf.sparse.sparse_dense_matmul(values, flat, adjoint_b=True)
    return tf.reshape(tf.transpose(product_), (len(images), *target))


def _apply_transposed(tf: Any, transform: ConvolutionTranspose, images: Any, target: Shape) -> Any:
    kernel = tf.transpose(tf.cast(transform.kernel, tf.float32), (0, 1, 3, 2))
    rows, columns = (
        max(target[i], (images.shape[1 + i] - 1) * transform.strides[i] + kernel.shape[i]) for i in range(2)
    )
    if transform.padding == "same":
        rows, columns = target[:2]
    shape = (len(images), rows, columns, target[2])
    full = tf.nn.conv2d_transpose(images, kernel, shape, transform.strides, transform.padding.upper())
    return full[:, : target[0], : target[1]]


def as_matrix(transform: Transform, source: Shape, target: Shape) -> sparse.csr_array:
    """``transform`` as a matrix of shape (target neurons, source neurons), from its definition."""
    if isinstance(transform, Sparse):
        return transform.matrix
    rows, columns, values = [], [], []
    index_in = np.arange(prod(source)).reshape(source)
    index_out = np.arange(prod(target)).reshape(target)
    for (ky, kx), weights in (((y, x), transform.kernel[y, x]) for y, x in np.ndindex(*transform.kernel.shape[:2])):
        pixels = [pairs(transform, source[axis], target[axis], axis, tap) for axis, tap in enumerate((ky, kx))]
        i = index_in[np.ix_(pixels[0][0], pixels[1][0])]
        o = index_out[np.ix_(pixels[0][1], pixels[1][1])]
        for c, d in zip(*np.nonzero(weights), strict=True):
            rows.append(o[..., d].ravel())
            columns.append(i[..., c].ravel())
            values.append(np.full(i[..., c].size, weights[c, d]))
    if not rows:
        return sparse.csr_array((prod(target), prod(source)))
    data = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return sparse.csr_array(sparse.coo_array(data, shape=(prod(target), prod(source))))


def pairs(transform: Convolution | ConvolutionTranspose, source: int, target: int, axis: int, tap: int) -> Any:
    """The (source, target) positions of one axis that ``tap`` connects."""
    stride, size = transform.strides[axis], transform.kernel.shape[axis]
    if isinstance(transform, Convolution):
        pad = max((target - 1) * stride + size - source, 0) // 2 if transform.padding == "same" else 0
        outs = np.arange(target)
        ins = outs * stride + tap - pad
        ok = (ins >= 0) & (ins < source)
    else:
        offset = max(size - stride, 0) // 2 if transform.padding == "same" else 0
        ins = np.arange(source)
        outs = ins * stride + tap - offset
        ok = (outs >= 0) & (outs < target)
    return ins[ok], outs[ok]
