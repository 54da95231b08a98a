"""Images through a wave as dense tensors of JAX, for a GPU: the same spikes, and the gradient through steps.

Drives are sums of integers, which floating point holds, also where a GPU cuts factors to ten bits; so every spike is
that of the compiled loops (tests compare).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.network import Network
from convert.network.jax_form import apply
from convert.network.neuron import DECAY_BITS, DECAY_ONE
from convert.training.wave.engine import PerStep, each
from convert.training.wave.kernels import (
    ABOVE,
    AT_FLOOR,
    CURRENT_KEPT,
    RECTANGLE,
    TRIANGLE,
    Float32,
    Surrogate,
    Synapses,
    integrated,
)
from convert.training.wave.layers import Layer, Link
from convert.training.wave.one_step import Noise
from convert.training.wave.simulate import EVENT_AXES, Gradient, ThroughSteps, Wanted
from convert.upstream.jax import load_jax
from convert.upstream.types import Module, Tensor

Graph = Callable[..., Any]
"""A function of tensors, compiled by JAX."""

UNROLLED = 4
"""Steps that one loop of a GPU computes, so that currents and voltages go through its memory less often."""


def _jnp() -> Module:
    return load_jax().numpy


@dataclass(frozen=True)
class DensePassed:
    """Images that have passed: spikes of all populations and voltages of those on the chip, (steps, images, *shape);
    by layer the counts of all steps and of its window, (images, neurons). All of them lie where JAX computes."""

    spikes: Mapping[str, Tensor]
    voltages: Mapping[str, Tensor]
    count: Mapping[str, Tensor]
    in_window: Mapping[str, Tensor]


@dataclass(frozen=True)
class DenseImage:
    """One of them."""

    of: DensePassed
    number: int

    def counts(self, layer: Layer, *, in_window: bool = False) -> Float32:
        """Spikes of each neuron, of all steps or of those in the layer's window."""
        return np.asarray((self.of.in_window if in_window else self.of.count)[layer.name][self.number])


class DenseEngine:
    """Passes and gradients of batches of ``network``; a graph is made once for each kind of batch."""

    at_once = 1024

    def __init__(self, network: Network) -> None:
        self.network = network
        self._graphs: dict[Hashable, Graph] = {}

    def _graph(self, kind: Hashable, function: Graph) -> Graph:
        """``function`` as the graph of its ``kind``, made where it is not there yet."""
        return self._graphs.setdefault(kind, load_jax().jit(function))

    def passed(
        self, layers: Sequence[Layer], per_step: PerStep, steps: int, noises: Sequence[Noise | None]
    ) -> list[DenseImage]:
        hosts = {name: _sent(drive, steps, noises) for name, drive in per_step.items()}
        of_layers = {layer.name: _numbers(layer, noises) for layer in layers}
        forward = self._graph(_kind(layers), partial(self._passed, tuple(layers)))
        found = DensePassed(*forward(hosts, _weights(layers), of_layers))
        return [DenseImage(found, k) for k in range(len(noises))]

    def counts(self, layer: Layer, passed: Sequence[DenseImage]) -> Tensor:
        return passed[0].of.count[layer.name]

    def gradient(
        self,
        layers: Sequence[Layer],
        passed: Sequence[DenseImage],
        wanted: Mapping[str, Wanted],
        backward: ThroughSteps,
    ) -> Gradient:
        held = passed[0].of
        by_count = {name: goal.by_count for name, goal in wanted.items()}
        in_window = {name: goal.in_window for name, goal in wanted.items() if goal.in_window is not None}
        in_thresholds = {
            link.place: link.reach.weights / np.float32(layer.neurons.threshold)
            for layer in layers
            for link in layer.links
        }
        back = self._graph((backward, _kind(layers)), partial(self._gradient, tuple(layers), backward))
        found = back(held.spikes, held.voltages, in_thresholds, by_count, in_window)
        weights, biases, pulses = ({key: np.array(of) for key, of in all_.items()} for all_ in found)
        return Gradient(weights, biases, pulses, {layer.name: np.zeros(2, np.float32) for layer in layers})

    def _passed(
        self,
        layers: Sequence[Layer],
        hosts: dict[str, Tensor],
        weights: dict[int, Tensor],
        numbers: dict[str, _Numbers],
    ) -> tuple[dict[str, Tensor], ...]:
        spikes = {name: sent.astype(np.float32) for name, sent in hosts.items()}
        voltages, count, in_window = {}, {}, {}
        for layer in layers:
            name, images = layer.name, next(iter(hosts.values())).shape[1]
            drive = _jnp().zeros((layer.busy.steps, images, *layer.shape))
            for link in layer.links:
                source = spikes[link.source]
                first, last = _steps_of(link, source.shape[0], layer.busy.steps)
                brought = self._brought(link, layer, source[first:last], weights[link.place])
                drive += _padded(brought, first + link.lag, layer.busy.steps)
            spikes[name], voltages[name] = _fired(layer, drive, numbers[name])
            count[name] = spikes[name].sum(axis=0).reshape(images, -1)
            in_window[name] = spikes[name][layer.busy.start - layer.busy.first :].sum(axis=0).reshape(images, -1)
        return spikes, voltages, count, in_window

    def _brought(self, link: Link, layer: Layer, spikes: Tensor, weights: Tensor) -> Tensor:
        """What ``spikes`` (steps, images, ...) bring by ``weights``, in the same steps."""
        steps, images = spikes.shape[:2]
        flat = spikes.reshape(steps * images, *spikes.shape[2:])
        if isinstance(link.reach, Synapses):
            found = _by_synapses(link.reach, weights, flat.reshape(steps * images, -1), layer)
        else:
            found = apply(self.network.projections[link.place].transform, weights, flat, layer.shape)
        return found.reshape(steps, images, *layer.shape)

    def _gradient(
        self,
        layers: Sequence[Layer],
        through: ThroughSteps,
        spikes: dict[str, Tensor],
        voltages: dict[str, Tensor],
        weights: dict[int, Tensor],
        by_count: dict[str, Tensor],
        in_window: dict[str, Tensor],
    ) -> tuple[dict[int, Tensor], dict[str, Tensor], dict[str, Tensor]]:
        of_spikes = {layer.name: _jnp().zeros_like(voltages[layer.name]) for layer in layers}
        of_weights: dict[int, Tensor] = {}
        of_bias, of_pulse = {}, {}
        for layer in reversed(layers):
            name, start = layer.name, layer.busy.start - layer.busy.first
            own = of_spikes[name]
            if name in by_count:
                own += by_count[name].reshape(own.shape[1:])
            if name in in_window:
                own = own.at[start:].add(in_window[name].reshape(own.shape[1:]))
            of_drive = _fired_backward(voltages[name], own, through.surrogate, layer.neurons.kept)
            of_bias[name] = of_drive[start:].sum(axis=(0, 1)).ravel()
            of_pulse[name] = of_drive[start].sum(axis=0).ravel()
            for link in layer.links:
                source = spikes[link.source]
                first, last = _steps_of(link, source.shape[0], layer.busy.steps)
                bring = partial(self._brought, link, layer)
                _, back = load_jax().vjp(bring, source[first:last], weights[link.place])
                of_seen, of_weights[link.place] = back(of_drive[first + link.lag : last + link.lag])
                if not through.local and link.source in of_spikes:
                    of_spikes[link.source] += _padded(of_seen, first, source.shape[0])
        return of_weights, of_bias, of_pulse


def _kind(layers: Sequence[Layer]) -> Hashable:
    """What graphs of ``layers`` depend on, beside the weights that they are given."""
    return tuple(
        (layer.name, layer.busy, tuple((link.place, link.source, link.lag) for link in layer.links), layer.neurons.kept)
        for layer in layers
    )


_Numbers = tuple[np.float32, np.float32, Float32, Float32, Float32]
"""Threshold, floor, bias, pulse, and what noise adds in the first step."""


def _numbers(layer: Layer, noise: Sequence[Noise | None]) -> _Numbers:
    neurons, size = layer.neurons, int(np.prod(layer.shape))
    added = np.zeros((1, *layer.shape), np.float32)
    if any(of is not None for of in noise):
        each_own = [np.zeros(size, np.float32) if of is None else of.of_layer(size) for of in noise]
        added = (np.stack(each_own) * np.float32(neurons.threshold)).reshape(-1, *layer.shape)
    return (
        np.float32(neurons.threshold),
        np.float32(neurons.floor),
        neurons.bias.reshape(layer.shape),
        neurons.pulse.reshape(layer.shape),
        added,
    )


def _weights(layers: Sequence[Layer]) -> dict[int, Float32]:
    return {link.place: link.reach.weights for layer in layers for link in layer.links}


def _sent(drive: NDArray[np.float64] | Float32, steps: int, noise: Sequence[Noise | None]) -> NDArray[np.uint8]:
    """Spikes of host neurons, (steps, images, rows, columns, channels), in as few bytes as go fast to a GPU."""
    if drive.ndim == 1 + EVENT_AXES:
        return np.ascontiguousarray((drive > 0).swapaxes(0, 1), np.uint8)
    counts = np.empty((len(drive), steps, drive[0].size), np.int32)

    def one(k: int) -> None:
        of = noise[k]
        start = 0.0 if of is None else of.of_host(drive[k].shape)
        integrated((drive[k] + start).ravel(), counts[k])

    each(len(drive), one)
    return (counts.swapaxes(0, 1) > 0).astype(np.uint8).reshape(steps, *drive.shape)


def _steps_of(link: Link, source: int, target: int) -> tuple[int, int]:
    """The first of the source's steps whose spikes arrive in one of the target's, and the one after the last."""
    return max(0, -link.lag), min(source, target - link.lag)


def _padded(values: Tensor, first: int, steps: int) -> Tensor:
    """``values`` from step ``first`` on, zeros in the others of ``steps``."""
    after = steps - first - values.shape[0]
    return _jnp().pad(values, ((first, after), *(((0, 0),) * (values.ndim - 1))))


def _by_synapses(reach: Synapses, weights: Tensor, flat: Tensor, layer: Layer) -> Tensor:
    """What spikes (pictures, neurons) bring by single synapses, (pictures, neurons of the layer)."""
    if reach.same:
        return flat * weights
    source = np.repeat(np.arange(len(reach.pointer) - 1), np.diff(reach.pointer))
    order = np.lexsort((source, reach.target))
    brought = flat.T[source[order]] * weights[reach.place[order]][:, None]
    neurons = int(np.prod(layer.shape))
    return load_jax().ops.segment_sum(brought, reach.target[order], neurons, indices_are_sorted=True).T


def _fired(layer: Layer, drive: Tensor, numbers: _Numbers) -> tuple[Tensor, Tensor]:
    """Spikes and voltages of a layer, as ``kernels.fire`` has them, step by step."""
    jnp = _jnp()
    threshold, floor, bias, pulse, noise = numbers
    start, per_threshold = layer.busy.start - layer.busy.first, np.float32(1) / threshold
    drive = drive.at[0].add(noise).at[start:].add(bias).at[start].add(pulse)

    def step(before: tuple[Tensor, Tensor], arrived: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        current, voltage = before
        current = arrived + jnp.trunc(current * CURRENT_KEPT) / 64
        v = jnp.maximum(_left(voltage, layer.neurons.kept) + current, floor)
        above = v > threshold
        below = jnp.where(v == floor, AT_FLOOR, jnp.minimum(v * per_threshold, 1.0))
        seen = jnp.where(above, jnp.maximum(v * per_threshold, ABOVE), below)
        return (current, jnp.where(above, 0.0, v)), (above.astype(jnp.float32), seen)

    rest = jnp.zeros_like(drive[0])
    _, (spikes, voltages) = load_jax().lax.scan(step, (rest, rest), drive, unroll=UNROLLED)
    return spikes, voltages


def _left(voltage: Tensor, kept: int) -> Tensor:
    """What a step leaves of a voltage, as ``kernels.leak`` has it, in integers of 32 bits."""
    if kept == DECAY_ONE:
        return voltage
    jnp = _jnp()
    size = (jnp.abs(voltage) * 64).astype(jnp.int32)
    left = (size >> DECAY_BITS) * kept + (((size & (DECAY_ONE - 1)) * kept) >> DECAY_BITS)
    return jnp.sign(voltage) * left.astype(jnp.float32) / 64


def _fired_backward(voltages: Tensor, of_spikes: Tensor, surrogate: Surrogate, kept: int) -> Tensor:
    """Gradients with respect to drive in thresholds, as ``gradient_kernels.fire_backward`` has them."""
    jnp = _jnp()

    def step(later: Tensor, of: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        of_spike, voltage = of
        passing = of_spike * _derivative(voltage, surrogate) + jnp.where(voltage > 1, 0.0, kept / DECAY_ONE * later)
        found = jnp.where(voltage == AT_FLOOR, 0.0, passing)
        return found, found

    none = jnp.zeros_like(of_spikes[0])
    _, found = load_jax().lax.scan(step, none, (of_spikes, voltages), reverse=True, unroll=UNROLLED)
    return found


def _derivative(voltages: Tensor, surrogate: Surrogate) -> Tensor:
    jnp = _jnp()
    distance = jnp.abs(voltages - 1) / surrogate.width
    if surrogate.kind == TRIANGLE:
        return surrogate.height * jnp.maximum(1 - distance, 0.0)
    if surrogate.kind == RECTANGLE:
        return surrogate.height * (distance < 1)
    return surrogate.height / (1 + (np.pi / 2 * distance) ** 2)
