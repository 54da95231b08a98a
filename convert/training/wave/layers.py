"""A wave's layers in the chip's integers: what the compiled loops are given."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from convert.network import Convolution, ConvolutionTranspose, Network, Population, Shape, Sparse, Transform
from convert.network.neuron import DECAY_ONE
from convert.training.wave.kernels import Float32, Kernel, Neurons, Synapses
from convert.training.wave.numbers import Numbers, on_chip
from convert.training.wave.packed_kernels import kernel_between, with_weights
from convert.training.wave.schedule import Busy, Wave


@dataclass(frozen=True)
class Link:
    """One projection into a layer: spikes of step t of ``source`` arrive in step t + ``lag``, each from its own first
    step; ``place`` is the projection's in the network, ``reach`` has its weights in integers."""

    place: int
    source: str
    lag: int
    reach: Kernel | Synapses


@dataclass(frozen=True)
class Layer:
    """A population on the chip while the wave passes."""

    name: str
    shape: Shape
    busy: Busy
    neurons: Neurons
    links: tuple[Link, ...]


def wave_layers(wave: Wave, known: dict[int, Kernel | Synapses], numbers: Numbers = on_chip) -> tuple[Layer, ...]:
    """The layers of ``wave`` in order, in ``numbers``, by default as cores have them that hold all channels of a layer.

    ``known`` keeps the geometry of each projection from call to call.
    """
    return tuple(_layer(wave, population, known, numbers) for population in wave.network.chip_populations)


def _layer(wave: Wave, population: Population, known: dict[int, Kernel | Synapses], numbers: Numbers) -> Layer:
    network, busy, name = wave.network, wave.busy, population.name
    into = [(i, p) for i, p in enumerate(network.projections) if p.target == name]
    weights = [_over_dt(p.transform, network.dt_s) for _, p in into]
    none = np.zeros(population.shape)
    bias = _singles(population.bias_hz.ravel() * network.dt_s * (1.0 / network.dt_s))
    pulse = _singles(wave.pulses.get(name, none).ravel() * (1.0 / network.dt_s))
    scale, integers = numbers([*weights, bias, pulse], population.neuron.floor, network.dt_s)
    *of_links, of_bias, of_pulse = integers
    window = busy[name]
    kept = DECAY_ONE - population.neuron.decay_v
    neurons = Neurons(scale.threshold, scale.floor, window.start - window.first, of_bias, of_pulse, kept)
    links = tuple(
        Link(
            i,
            p.source,
            busy[p.source].first + 1 - window.first,
            _weighted(_reach(network, i, known), w, scale.threshold),
        )
        for (i, p), w in zip(into, of_links, strict=True)
    )
    return Layer(name, population.shape, window, neurons, links)


def _reach(network: Network, place: int, known: dict[int, Kernel | Synapses]) -> Kernel | Synapses:
    if place not in known:
        p = network.projections[place]
        known[place] = reach_of(p.transform, network.shape_of(p.source), network.shape_of(p.target))
    return known[place]


@singledispatch
def _weighted(reach: Kernel | Synapses, weights: Float32, threshold: float) -> Kernel | Synapses:
    """``reach`` with ``weights`` in integers."""
    raise TypeError(type(reach).__name__)


@_weighted.register
def _(reach: Kernel, weights: Float32, threshold: float) -> Kernel:
    return with_weights(reach, weights, threshold)


@_weighted.register
def _(reach: Synapses, weights: Float32, threshold: float) -> Synapses:
    return reach._replace(weights=weights)


@singledispatch
def _over_dt(transform: Transform, dt_s: float) -> Float32:
    """Weights as nengo_loihi's builder hands them on, in its own rounding."""
    raise TypeError(f"no weights of a {type(transform).__name__}")


@_over_dt.register(Convolution)
@_over_dt.register(ConvolutionTranspose)
def _(transform: Convolution | ConvolutionTranspose, dt_s: float) -> Float32:
    return _singles(transform.kernel / dt_s)


@_over_dt.register
def _(transform: Sparse, dt_s: float) -> Float32:
    return _singles(transform.weights * (1.0 / dt_s))


@singledispatch
def reach_of(transform: Transform, source: Shape, target: Shape) -> Kernel | Synapses:
    """Which neurons each source neuron reaches, without weights where there are several forms of them."""
    raise TypeError(f"no way for spikes through a {type(transform).__name__}")


@reach_of.register(Convolution)
@reach_of.register(ConvolutionTranspose)
def _(transform: Convolution | ConvolutionTranspose, source: Shape, target: Shape) -> Kernel:
    return kernel_between(*transform.axes(source, target), transform.kernel.shape)


@reach_of.register
def _(transform: Sparse, source: Shape, target: Shape) -> Synapses:
    weights, matrix = transform.weights, transform.matrix
    order = np.argsort(matrix.indices, kind="stable")
    of_row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    pointer = np.cumsum([0, *np.bincount(matrix.indices, minlength=matrix.shape[1])])
    numbers, reached = np.arange(matrix.shape[1]), of_row[order]
    same = all(np.array_equal(found, numbers) for found in (pointer[:-1], reached, order))
    return Synapses(_singles(weights), pointer, reached, order.astype(np.int64), same)


def _singles(values: NDArray[np.float64]) -> Float32:
    return np.asarray(values, np.float32)
