"""The rate network by numpy: every neuron gives its rate, max(drive, 0), and the host applies the readouts.

Kernels become matrix products over the patches of many images at once (im2col), so that BLAS does the work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from .network import INPUT, Activation, Network, Projection, Readout
from .transforms import Convolution, ConvolutionTranspose, Shape, Sparse, Taps, Transform

Batch = NDArray[np.floating]
"""Numbers of a population for many images, shape (images, rows, columns, channels), float32 or float64."""

ELEMENTWISE: dict[Activation, Callable[[Batch], Batch]] = {
    "linear": lambda values: values,
    "tanh": np.tanh,
    "softplus": lambda values: np.logaddexp(values, np.zeros((), values.dtype)),
    "softsign": lambda values: values / (1 + np.abs(values)),
    "exponential": np.exp,
}
"""Activations of one number each, but for the sigmoid."""

PATCH_VALUES = 2**23
"""Numbers in the patches of the images that are multiplied at once: 32 MB in float32, chosen to fit beside a model."""


def outputs(network: Network, images: Batch) -> tuple[Batch, ...]:
    """What each readout gives for ``images``, shape (images, *readout.output_shape), in the type of ``images``.

    The rates are those of neurons that fire as often as they are driven: no spikes, no steps, no quantization.
    """
    rates_hz: dict[str, Batch] = {INPUT: images}
    last_use = {p.source: i for i, p in enumerate(_in_order(network))}
    done = 0
    for population in network.populations:
        into = network.into(population.name)
        rates_hz[population.name] = np.maximum(_sum(into, population.bias_hz, population.shape, rates_hz), 0)
        done += len(into)
        rates_hz = {name: rates for name, rates in rates_hz.items() if last_use.get(name, 0) >= done}
    return tuple(
        readout_of(readout, _sum(network.into(readout.name), readout.bias, readout.shape, rates_hz))
        for readout in network.readouts
    )


def readout_of(readout: Readout, values: Batch) -> Batch:
    """The activation of ``readout`` on sums of its projections, shape (images, *readout.shape), in its output shape."""
    return activated(values, readout.activation).reshape(len(values), *readout.output_shape)


def activated(values: Batch, activation: Activation) -> Batch:
    """The host's activation: 'softmax' is over the last axis."""
    if activation == "softmax":
        shifted = np.exp(values - values.max(axis=-1, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))
    if activation == "sigmoid":
        return np.asarray(np.exp(np.minimum(values, 0)) / (1 + np.exp(-np.abs(values))))  # never exp of a large number
    return ELEMENTWISE[activation](values)


@singledispatch
def apply(transform: Transform, images: Batch, target: Shape) -> Batch:
    """``transform`` on ``images``, shape (images, *target), computed in the type of ``images``."""
    raise TypeError(f"no numpy form of {type(transform).__name__}")


@apply.register
def _(transform: Convolution, images: Batch, target: Shape) -> Batch:
    rows, columns = (_sources(taps, size) for taps, size in _with_sizes(transform, images, target))
    kernel = transform.kernel.astype(images.dtype).reshape(-1, target[2])
    made = np.empty((len(images), *target), images.dtype)
    at_a_time = max(1, PATCH_VALUES // (target[0] * target[1] * len(kernel)))
    for start in range(0, len(images), at_a_time):
        part = images[start : start + at_a_time]
        padded = np.pad(part, ((0, 0), (0, 1), (0, 1), (0, 0)))  # where a tap has no source: the row, column of zeros
        patches = padded[:, rows[:, None, :, None], columns[None, :, None, :]]
        product = patches.reshape(-1, len(kernel)) @ kernel
        made[start : start + at_a_time] = product.reshape(len(part), *target)
    return made


@apply.register
def _(transform: ConvolutionTranspose, images: Batch, target: Shape) -> Batch:
    (row_taps, height), (column_taps, width) = _with_sizes(transform, images, target)
    kernel = transform.kernel.astype(images.dtype)
    made = np.zeros((len(images), *target), images.dtype)
    for ky in range(height):
        i, y = np.nonzero(row_taps == ky)
        for kx in range(width):
            j, x = np.nonzero(column_taps == kx)
            made[:, y[:, None], x] += images[:, i[:, None], j] @ kernel[ky, kx]
    return made


@apply.register
def _(transform: Sparse, images: Batch, target: Shape) -> Batch:
    flat = images.reshape(len(images), -1)
    product = transform.matrix.astype(images.dtype) @ flat.T
    return np.asarray(product.T.reshape(len(images), *target))


def _sum(into: Iterable[Projection], bias: Batch, shape: Shape, rates_hz: dict[str, Batch]) -> Batch:
    """The drive of a target: its ``bias`` and what the projections bring."""
    some = next(iter(rates_hz.values()))
    total = np.broadcast_to(bias.astype(some.dtype), (len(some), *shape))
    for projection in into:
        total = total + apply(projection.transform, rates_hz[projection.source], shape)
    return total


def _in_order(network: Network) -> list[Projection]:
    """The projections as they are used: population after population, then the readouts."""
    targets = [*(p.name for p in network.populations), *(r.name for r in network.readouts)]
    return [projection for target in targets for projection in network.into(target)]


def _with_sizes(
    transform: Convolution | ConvolutionTranspose, images: Batch, target: Shape
) -> tuple[tuple[Taps, int], tuple[Taps, int]]:
    """The taps of rows and of columns, each with the size of the kernel along that axis."""
    rows, columns, channels = images.shape[1:]
    taps = transform.axes((rows, columns, channels), target)
    return (taps[0], transform.kernel.shape[0]), (taps[1], transform.kernel.shape[1])


def _sources(taps: Taps, size: int) -> NDArray[np.intp]:
    """Shape (target positions, taps): the source position that each tap of a convolution reads, -1 for none."""
    found = np.full((taps.shape[1], size), -1, np.intp)
    source, target = np.nonzero(taps >= 0)
    found[target, taps[source, target]] = source
    return found
