"""The rate network by numpy: every neuron gives its rate, max(drive, 0), and the host applies the readouts."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from .network import INPUT, Activation, Network, Projection, Readout
from .numpy_form import apply
from .transforms import Shape

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
