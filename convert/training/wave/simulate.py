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

from convert.training.wave.gradient_kernels import (
    fire_backward,
    kernel_backward,
    kernel_to_source,
    synapses_backward,
    synapses_to_source,
)
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
    replayed,
)
from convert.training.wave.layers import Layer
from convert.training.wave.one_step import Noise
from convert.training.wave.packed_kernels import aligned, unpacked

EVENT_AXES = 4
"""Of the events of one recording: steps, rows, columns, channels."""

DRIVE = "drive"
"""What is brought to a layer, and its gradient, which takes its place: nobody needs the one when the other comes."""


class Scratch:
    """Arrays that each image after the other is computed in: new ones take as long as the loops that fill them."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Float32] = {}

    def empty(self, what: str, whose: str, shape: tuple[int, ...]) -> Float32:
        """The array of that name and of ``shape``, with whatever it holds."""
        if (what, whose) not in self._kept or self._kept[what, whose].shape != shape:
            self._kept[what, whose] = aligned(shape)
        return self._kept[what, whose]

    def zeros(self, what: str, whose: str, shape: tuple[int, ...]) -> Float32:
        """The same, all zero."""
        found = self.empty(what, whose, shape)
        found.fill(0)
        return found


@dataclass(frozen=True)
class Passed:
    """One image: the spikes of every population, and the ``voltages`` (steps, neurons) of those on the chip in
    thresholds, before resets; they lie in ``scratch``, as its gradient will."""

    fired: dict[str, Fired]
    voltages: dict[str, Float32]
    scratch: Scratch

    def counts(self, layer: Layer, *, in_window: bool = False) -> Float32:
        """Spikes of each neuron, of all steps or of those in the layer's window."""
        fired = self.fired[layer.name]
        first = fired.pointer[layer.busy.start - layer.busy.first] if in_window else 0
        return np.asarray(counted(fired.neurons[first:], int(np.prod(layer.shape))))


@dataclass(frozen=True)
class Gradient:
    """With respect to weights by the projection's place, and to biases and pulses by population (neurons,), all of
    them in thresholds; and by population what was ``noticed`` on the way: neurons that fire without positive drive, and
    all that fire, where anybody looked."""

    weights: dict[int, Float32] = field(default_factory=dict)
    biases: dict[str, Float32] = field(default_factory=dict)
    pulses: dict[str, Float32] = field(default_factory=dict)
    noticed: dict[str, Float32] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """Gradients of a loss with respect to spikes: of one layer ``by_count`` to each of a neuron's (neurons,), and
    ``in_window`` to those in its window only."""

    by_count: Float32
    in_window: Float32 | None = None


@dataclass(frozen=True)
class Sums:
    """Gradients as they are added up: with respect to weights, packed, by place, to biases and pulses (2, neurons) by
    layer; and what is noticed."""

    of_packed: dict[int, Float32]
    of_constants: dict[str, Float32]
    noticed: dict[str, Float32]

    @classmethod
    def none(cls, layers: Sequence[Layer]) -> Sums:
        return cls(
            {link.place: np.zeros_like(_form(link.reach)) for layer in layers for link in layer.links},
            {layer.name: np.zeros((2, int(np.prod(layer.shape))), np.float32) for layer in layers},
            {layer.name: np.zeros(2, np.float32) for layer in layers},
        )

    def gradient(self, layers: Sequence[Layer]) -> Gradient:
        return Gradient(
            {k.place: _unpacked(k.reach, self.of_packed[k.place]) for layer in layers for k in layer.links},
            {name: of[0] for name, of in self.of_constants.items()},
            {name: of[1] for name, of in self.of_constants.items()},
            self.noticed,
        )


def pass_image(
    layers: Sequence[Layer],
    per_step: Mapping[str, NDArray[np.float64] | Float32],
    steps: int,
    scratch: Scratch | None = None,
    noise: Noise | None = None,
) -> Passed:
    """The image whose host populations are driven by ``per_step`` thresholds (rows, columns, channels) for ``steps``
    steps, or send on so many events (steps, rows, columns, channels), computed in ``scratch``; what ``noise`` adds to
    potentials comes in the first step."""
    scratch = scratch or Scratch()
    fired = {name: _sent(drive, steps, noise) for name, drive in per_step.items()}
    voltages: dict[str, Float32] = {}
    for layer in layers:
        shape = layer.busy.steps, int(np.prod(layer.shape))
        drive = scratch.zeros(DRIVE, layer.name, shape)
        for link in layer.links:
            bring(link.reach, fired[link.source], link.lag, drive.reshape(-1, *layer.shape))
        if noise is not None:
            drive[0] += noise.of_layer(shape[1]) * np.float32(layer.neurons.threshold)
        voltages[layer.name] = scratch.empty("voltages", layer.name, shape)
        fired[layer.name] = fire(drive, layer.shape[2], layer.neurons, voltages[layer.name])
    return Passed(fired, voltages, scratch)


def _sent(drive: NDArray[np.float64] | Float32, steps: int, noise: Noise | None) -> Fired:
    """What a host population sends that is driven by ``drive``, or gets these events."""
    if drive.ndim == EVENT_AXES:
        return replayed(np.float32(drive).reshape(len(drive), -1), drive.shape[-1])
    start = 0.0 if noise is None else noise.of_host(drive.shape)
    return encoded(np.asarray(drive + start, np.float64).ravel(), drive.shape[-1], steps)


def gradient(
    layers: Sequence[Layer],
    images: Sequence[tuple[Passed, Mapping[str, Wanted]]],
    surrogate: Surrogate,
    *,
    local: bool = False,
) -> Gradient:
    """The sum over ``images``, each with the gradients of its loss with respect to spikes by layer; ``local`` lets none
    go from layer to layer."""
    sums = Sums.none(layers)
    for passed, wanted in images:
        _add_gradient(layers, passed, wanted, surrogate, local, sums)
    return sums.gradient(layers)


@dataclass(frozen=True)
class ThroughSteps:
    """The way back through every step by a ``surrogate``; ``local``: none of it goes from layer to layer."""

    surrogate: Surrogate
    local: bool = False

    def __call__(self, layers: Sequence[Layer], images: Sequence[tuple[Passed, Mapping[str, Wanted]]]) -> Gradient:
        return gradient(layers, images, self.surrogate, local=self.local)


def _add_gradient(
    layers: Sequence[Layer],
    passed: Passed,
    wanted: Mapping[str, Wanted],
    surrogate: Surrogate,
    local: bool,
    sums: Sums,
) -> None:
    """Adds that of one image."""
    of_spikes = {
        layer.name: passed.scratch.zeros(DRIVE, layer.name, passed.voltages[layer.name].shape) for layer in layers
    }
    for layer in reversed(layers):
        name, own = layer.name, of_spikes.pop(layer.name)
        goal = wanted.get(name)
        if goal is not None and goal.in_window is not None:
            own[layer.neurons.start :] += goal.in_window
        by_count = np.zeros(own.shape[1], np.float32) if goal is None else goal.by_count
        fire_backward(passed.voltages[name], layer.neurons, own, by_count, surrogate, sums.of_constants[name])
        of_drive = own.reshape(-1, *layer.shape)
        for link in layer.links:
            to_weights(link.reach, passed.fired[link.source], link.lag, of_drive, sums.of_packed[link.place])
            if not local and link.source in of_spikes:
                to_source(link.reach, link.lag, layer, of_drive, of_spikes[link.source])


def _form(reach: Kernel | Synapses) -> Float32:
    return reach.weights if isinstance(reach, Synapses) else reach.forward.weights


def _unpacked(reach: Kernel | Synapses, of_packed: Float32) -> Float32:
    if isinstance(reach, Synapses):
        return of_packed
    return unpacked(of_packed, reach.forward.columns, reach.weights.shape)


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
def to_weights(reach: Kernel | Synapses, fired: Fired, lag: int, of_drive: Float32, of_packed: Float32) -> None:
    """Adds to ``of_packed`` the gradient of the weights, in the form in which they bring spikes."""
    raise TypeError(type(reach).__name__)


@to_weights.register
def _(reach: Kernel, fired: Fired, lag: int, of_drive: Float32, of_packed: Float32) -> None:
    kernel_backward(fired, lag, reach.forward, _rows(of_drive), of_packed)


@to_weights.register
def _(reach: Synapses, fired: Fired, lag: int, of_drive: Float32, of_packed: Float32) -> None:
    synapses_backward(fired, lag, reach, of_drive.reshape(len(of_drive), -1), of_packed)


@singledispatch
def to_source(reach: Kernel | Synapses, lag: int, layer: Layer, of_drive: Float32, of_source: Float32) -> None:
    """Adds to ``of_source`` (steps, neurons) the gradient of the source's spikes."""
    raise TypeError(type(reach).__name__)


@to_source.register
def _(reach: Kernel, lag: int, layer: Layer, of_drive: Float32, of_source: Float32) -> None:
    rows, shape = reach.forward.to_row.shape[1], reach.weights.shape[1:3]
    of_rows = of_source.reshape(len(of_source), rows, -1)
    kernel_to_source(lag, reach.backward, shape, of_drive.reshape(len(of_drive), -1), of_rows)


@to_source.register
def _(reach: Synapses, lag: int, layer: Layer, of_drive: Float32, of_source: Float32) -> None:
    in_thresholds = reach._replace(weights=reach.weights / np.float32(layer.neurons.threshold))
    synapses_to_source(lag, in_thresholds, of_drive.reshape(len(of_drive), -1), of_source)


def _rows(values: Float32) -> Float32:
    """(steps, rows, columns, channels) as (steps, rows, columns x channels)."""
    return values.reshape(*values.shape[:2], -1)
