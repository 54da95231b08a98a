"""One image through a wave's layers, spike for spike as the chip's integers have it, and the gradient back.

Backward, a spike has a surrogate for a derivative, and no gradient goes through a reset. Source: spatio-temporal
backpropagation, Wu et al. 2018 ("Spatio-Temporal Backpropagation for Training High-Performance Spiking Neural
Networks"), unrolled over the wave's steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from convert.training.wave.kernels import (
    Fired,
    Float32,
    Kernel,
    Surrogate,
    Synapses,
    bring_kernel,
    bring_synapses,
    counted,
    encoded,
    fire,
    fire_backward,
    kernel_backward,
    kernel_to_source,
    synapses_backward,
    synapses_to_source,
)
from convert.training.wave.layers import Layer
from convert.training.wave.packed_kernels import unpacked


@dataclass(frozen=True)
class Passed:
    """One image: the spikes of every population, and the ``voltages`` (steps, neurons) of those on the chip in
    thresholds, before resets."""

    fired: dict[str, Fired]
    voltages: dict[str, Float32]

    def counts(self, layer: Layer, *, in_window: bool = False) -> Float32:
        """Spikes of each neuron, of all steps or of those in the layer's window."""
        fired = self.fired[layer.name]
        if in_window:
            start = layer.busy.start - layer.busy.first
            fired = Fired(fired.events[fired.pointer[start] :], fired.pointer[:1])
        return np.asarray(counted(fired, int(np.prod(layer.shape))))


@dataclass(frozen=True)
class Gradient:
    """With respect to weights by the projection's place, and to biases and pulses by population (neurons,), all of
    them in thresholds."""

    weights: dict[int, Float32] = field(default_factory=dict)
    biases: dict[str, Float32] = field(default_factory=dict)
    pulses: dict[str, Float32] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """Gradients of a loss with respect to spikes: of one layer ``by_count`` to each of a neuron's (neurons,), and
    ``in_window`` to those in its window only."""

    by_count: Float32
    in_window: Float32 | None = None


def pass_image(layers: Sequence[Layer], per_step: Mapping[str, NDArray[np.float64]], steps: int) -> Passed:
    """The image whose host populations are driven by ``per_step`` thresholds (neurons,) for ``steps`` steps."""
    fired = {name: encoded(drive, steps) for name, drive in per_step.items()}
    voltages: dict[str, Float32] = {}
    for layer in layers:
        drive = np.zeros((layer.busy.steps, *layer.shape), np.float32)
        for link in layer.links:
            bring(link.reach, fired[link.source], link.lag, drive)
        flat = drive.reshape(layer.busy.steps, -1)
        voltages[layer.name] = np.empty_like(flat)
        fired[layer.name] = fire(flat, layer.neurons, voltages[layer.name])
    return Passed(fired, voltages)


def gradient(
    layers: Sequence[Layer], passed: Passed, wanted: Mapping[str, Wanted], surrogate: Surrogate, *, local: bool = False
) -> Gradient:
    """Of a loss whose gradients with respect to spikes are ``wanted``, by layer; ``local`` lets none go from layer to
    layer."""
    found = Gradient()
    of_spikes = {layer.name: np.zeros_like(passed.voltages[layer.name]) for layer in layers}
    for layer in reversed(layers):
        own, start = of_spikes.pop(layer.name), layer.busy.start - layer.busy.first
        goal = wanted.get(layer.name)
        if goal is not None and goal.in_window is not None:
            own[start:] += goal.in_window
        by_count = np.zeros(own.shape[1], np.float32) if goal is None else goal.by_count
        fire_backward(passed.voltages[layer.name], own, by_count, surrogate)
        found.biases[layer.name], found.pulses[layer.name] = own[start:].sum(axis=0), own[start].copy()
        of_drive = own.reshape(-1, *layer.shape)
        for link in layer.links:
            reach = link.reach
            of_weights = np.zeros_like(reach.weights)
            to_weights(reach, passed.fired[link.source], link.lag, of_drive, of_weights)
            found.weights[link.place] = of_weights
            if not local and link.source in of_spikes:
                to_source(reach, link.lag, layer, of_drive, of_spikes[link.source])
    return found


@singledispatch
def bring(reach: Kernel | Synapses, fired: Fired, lag: int, drive: Float32) -> None:
    """Adds to ``drive`` (steps, rows, columns, channels) what the spikes bring."""
    raise TypeError(type(reach).__name__)


@bring.register
def _(reach: Kernel, fired: Fired, lag: int, drive: Float32) -> None:
    bring_kernel(fired, lag, reach.forward, _rows(drive))


@bring.register
def _(reach: Synapses, fired: Fired, lag: int, drive: Float32) -> None:
    bring_synapses(fired, lag, reach, drive.reshape(len(drive), -1))


@singledispatch
def to_weights(reach: Kernel | Synapses, fired: Fired, lag: int, of_drive: Float32, of_weights: Float32) -> None:
    """Adds to ``of_weights`` the gradient of the weights."""
    raise TypeError(type(reach).__name__)


@to_weights.register
def _(reach: Kernel, fired: Fired, lag: int, of_drive: Float32, of_weights: Float32) -> None:
    of_packed = np.zeros_like(reach.forward.weights)
    kernel_backward(fired, lag, reach.forward, _rows(of_drive), of_packed)
    of_weights += unpacked(of_packed, reach.forward.columns, of_weights.shape)


@to_weights.register
def _(reach: Synapses, fired: Fired, lag: int, of_drive: Float32, of_weights: Float32) -> None:
    synapses_backward(fired, lag, reach, of_drive.reshape(len(of_drive), -1), of_weights)


@singledispatch
def to_source(reach: Kernel | Synapses, lag: int, layer: Layer, of_drive: Float32, of_source: Float32) -> None:
    """Adds to ``of_source`` (steps, neurons) the gradient of the source's spikes."""
    raise TypeError(type(reach).__name__)


@to_source.register
def _(reach: Kernel, lag: int, layer: Layer, of_drive: Float32, of_source: Float32) -> None:
    rows = reach.forward.to_row.shape[1]
    kernel_to_source(lag, reach.backward, _rows(of_drive), of_source.reshape(len(of_source), rows, -1))


@to_source.register
def _(reach: Synapses, lag: int, layer: Layer, of_drive: Float32, of_source: Float32) -> None:
    in_thresholds = reach._replace(weights=reach.weights / np.float32(layer.neurons.threshold))
    synapses_to_source(lag, in_thresholds, of_drive.reshape(len(of_drive), -1), of_source)


def _rows(values: Float32) -> Float32:
    """(steps, rows, columns, channels) as (steps, rows, columns x channels)."""
    return values.reshape(*values.shape[:2], -1)
