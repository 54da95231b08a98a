"""The gradient of a readout's outputs, back to its weights and to the rates of its sources."""

from __future__ import annotations

from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from convert.network import Convolution, ConvolutionTranspose, Sparse, Transform
from convert.network.numpy_form import apply_adjoint, of_kernel

Float32 = NDArray[np.float32]


@singledispatch
def backward(transform: Transform, rates_hz: Float32, of_outputs: Float32) -> tuple[Float32, Float32]:
    """(With respect to ``rates_hz``, of its shape; with respect to the weights that ``transform`` stores).

    ``rates_hz`` has shape (images, *source), ``of_outputs`` (images, *target).
    """
    raise TypeError(f"no gradient of a {type(transform).__name__}")


@backward.register(Convolution)
@backward.register(ConvolutionTranspose)
def _(transform: Convolution | ConvolutionTranspose, rates_hz: Float32, of_outputs: Float32) -> tuple[Float32, Float32]:
    rows, columns, channels = rates_hz.shape[1:]
    of_rates = apply_adjoint(transform, of_outputs, (rows, columns, channels))
    return of_rates, of_kernel(transform, rates_hz, of_outputs)


@backward.register
def _(transform: Sparse, rates_hz: Float32, of_outputs: Float32) -> tuple[Float32, Float32]:
    images, weights, matrix = len(rates_hz), np.asarray(transform.weights, np.float32), transform.matrix
    flat, of_flat = rates_hz.reshape(images, -1), of_outputs.reshape(images, -1)
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    of_rates, of_weights = np.zeros_like(flat), np.zeros(len(weights), np.float32)
    for k in range(images):
        at_outputs = of_flat[k, row]
        of_rates[k] = np.bincount(matrix.indices, at_outputs * weights, flat.shape[1])
        of_weights += at_outputs * flat[k, matrix.indices]
    return of_rates.reshape(rates_hz.shape), of_weights
