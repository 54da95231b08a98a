"""Images through a wave as dense tensors of TensorFlow, for a GPU: the same spikes, and the gradient through steps.

Drives are sums of integers, which floating point holds; so every spike is that of the compiled loops (tests compare).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.left_out import installed
from convert.network import Network
from convert.network.neuron import DECAY_BITS, DECAY_ONE
from convert.network.tensorflow_form import apply
from convert.training.wave.engine import PerStep
from convert.training.wave.kernels import (
    ABOVE,
    AT_FLOOR,
    CURRENT_KEPT,
    RECTANGLE,
    TRIANGLE,
    Float32,
    Surrogate,
    Synapses,
    encoded,
)
from convert.training.wave.layers import Layer, Link
from convert.training.wave.one_step import Noise
from convert.training.wave.simulate import EVENT_AXES, Gradient, ThroughSteps, Wanted
from convert.upstream.tensorflow import load_tensorflow
from convert.upstream.types import Tensor

Graph = Callable[..., Any]
"""A function of tensors, compiled by TensorFlow."""


@cache
def has_gpu() -> bool:
    """Whether TensorFlow, if it is installed, sees a GPU."""
    return installed("tensorflow") and bool(load_tensorflow().config.list_physical_devices("GPU"))


@dataclass(frozen=True)
class DensePassed:
    """Images that have passed: spikes of all populations and voltages of those on the chip, (steps, images, *shape);
    by layer the counts of all steps and of its window, (images, neurons)."""

    spikes: Mapping[str, Tensor]
    voltages: Mapping[str, Tensor]
    count: Mapping[str, Float32]
    in_window: Mapping[str, Float32]


@dataclass(frozen=True)
class DenseImage:
    """One of them."""

    of: DensePassed
    number: int

    def counts(self, layer: Layer, *, in_window: bool = False) -> Float32:
        """Spikes of each neuron, of all steps or of those in the layer's window."""
        counts: Float32 = (self.of.in_window if in_window else self.of.count)[layer.name][self.number]
        return counts


class DenseEngine:
    """Passes and gradients of batches of ``network``; a graph is made once for each kind of batch."""

    at_once = 1024

    def __init__(self, network: Network) -> None:
        self.network = network
        self._graphs: dict[Hashable, Graph] = {}

    def _graph(self, kind: Hashable, function: Graph) -> Graph:
        """``function`` as the graph of its ``kind``, made where it is not there yet."""
        return self._graphs.setdefault(kind, load_tensorflow().function(function, autograph=False))

    def passed(
        self, layers: Sequence[Layer], per_step: PerStep, steps: int, noises: Sequence[Noise | None]
    ) -> list[DenseImage]:
        tf = load_tensorflow()
        hosts = {name: tf.constant(_encoded(drive, steps, noises)) for name, drive in per_step.items()}
        of_layers = {layer.name: _numbers(layer, noises) for layer in layers}
        forward = self._graph(_kind(layers), partial(self._passed, tuple(layers)))
        spikes, voltages = forward(hosts, _weights(layers), of_layers)
        found = DensePassed(spikes, voltages, {}, {})
        for layer in layers:
            fired = spikes[layer.name]
            for counts, first in ((found.count, 0), (found.in_window, layer.busy.start - layer.busy.first)):
                whole = tf.reduce_sum(fired[first:], axis=0)
                counts[layer.name] = tf.reshape(whole, (whole.shape[0], -1)).numpy()  # type: ignore[index]
        return [DenseImage(found, k) for k in range(len(noises))]

    def gradient(
        self,
        layers: Sequence[Layer],
        passed: Sequence[DenseImage],
        wanted: Mapping[str, Wanted],
        backward: ThroughSteps,
    ) -> Gradient:
        tf = load_tensorflow()
        held = passed[0].of
        by_count = {name: tf.constant(goal.by_count) for name, goal in wanted.items()}
        in_window = {name: tf.constant(goal.in_window) for name, goal in wanted.items() if goal.in_window is not None}
        in_thresholds = {
            link.place: tf.constant(link.reach.weights / np.float32(layer.neurons.threshold))
            for layer in layers
            for link in layer.links
        }
        back = self._graph((backward, _kind(layers)), partial(self._gradient, tuple(layers), backward))
        of_weights, of_bias, of_pulse = back(held.spikes, held.voltages, in_thresholds, by_count, in_window)
        biases, pulses = ({name: of.numpy().ravel() for name, of in all_.items()} for all_ in (of_bias, of_pulse))
        weights = {place: of.numpy() for place, of in of_weights.items()}
        return Gradient(weights, biases, pulses, {layer.name: np.zeros(2, np.float32) for layer in layers})

    def _passed(
        self,
        layers: Sequence[Layer],
        hosts: dict[str, Tensor],
        weights: dict[int, Tensor],
        numbers: dict[str, _Numbers],
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        tf = load_tensorflow()
        spikes, voltages = dict(hosts), {}
        for layer in layers:
            images = next(iter(hosts.values())).shape[1]
            drive = tf.zeros((layer.busy.steps, images, *layer.shape))
            for link in layer.links:
                source = spikes[link.source]
                first, last = _steps_of(link, source.shape[0], layer.busy.steps)
                brought = self._brought(link, layer, source[first:last], weights[link.place])
                drive += _padded(brought, first + link.lag, layer.busy.steps)
            spikes[layer.name], voltages[layer.name] = _fired(layer, drive, numbers[layer.name])
        return spikes, voltages

    def _brought(self, link: Link, layer: Layer, spikes: Tensor, weights: Tensor) -> Tensor:
        """What ``spikes`` (steps, images, ...) bring by ``weights``, in the same steps."""
        tf = load_tensorflow()
        steps, images = spikes.shape[:2]
        flat = tf.reshape(spikes, (steps * images, *spikes.shape[2:]))
        if isinstance(link.reach, Synapses):
            found = _by_synapses(link.reach, weights, tf.reshape(flat, (steps * images, -1)), layer)
        else:
            found = apply(self.network.projections[link.place].transform.with_weights(weights), flat, layer.shape)
        return tf.reshape(found, (steps, images, *layer.shape))

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
        tf = load_tensorflow()
        of_spikes = {layer.name: tf.zeros_like(voltages[layer.name]) for layer in layers}
        of_weights: dict[int, Tensor] = {}
        of_bias, of_pulse = {}, {}
        for layer in reversed(layers):
            name, start = layer.name, layer.busy.start - layer.busy.first
            own = of_spikes[name]
            if name in by_count:
                own += tf.reshape(by_count[name], own.shape[1:])
            if name in in_window:
                own += _padded(tf.reshape(in_window[name], own.shape[1:])[None], start, own.shape[0], repeated=True)
            of_drive = _fired_backward(voltages[name], own, through.surrogate, layer.neurons.kept)
            of_bias[name] = tf.reduce_sum(of_drive[start:], axis=(0, 1))
            of_pulse[name] = tf.reduce_sum(of_drive[start], axis=0)
            for link in layer.links:
                source = spikes[link.source]
                first, last = _steps_of(link, source.shape[0], layer.busy.steps)
                with tf.GradientTape() as tape:
                    seen, kernel = source[first:last], weights[link.place]
                    tape.watch([seen, kernel])
                    brought = self._brought(link, layer, seen, kernel)
                given = of_drive[first + link.lag : last + link.lag]
                of_seen, of_kernel = tape.gradient(brought, (seen, kernel), output_gradients=given)
                of_weights[link.place] = tf.convert_to_tensor(of_kernel)  # those of gathered weights are slices
                if not through.local and link.source in of_spikes:
                    of_spikes[link.source] += _padded(of_seen, first, source.shape[0])
        return of_weights, of_bias, of_pulse


def _kind(layers: Sequence[Layer]) -> Hashable:
    """What graphs of ``layers`` depend on, beside the weights that they are given."""
    return tuple(
        (layer.name, layer.busy, tuple((link.place, link.source, link.lag) for link in layer.links), layer.neurons.kept)
        for layer in layers
    )


_Numbers = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
"""Threshold, floor, bias, pulse, and what noise adds in the first step."""


def _numbers(layer: Layer, noise: Sequence[Noise | None]) -> _Numbers:
    tf, neurons = load_tensorflow(), layer.neurons
    size = int(np.prod(layer.shape))
    added = [np.zeros(size, np.float32) if of is None else of.of_layer(size) for of in noise]
    return (
        tf.constant(neurons.threshold, tf.float32),
        tf.constant(neurons.floor, tf.float32),
        tf.constant(neurons.bias.reshape(layer.shape)),
        tf.constant(neurons.pulse.reshape(layer.shape)),
        tf.constant((np.stack(added) * np.float32(neurons.threshold)).reshape(len(noise), *layer.shape)),
    )


def _weights(layers: Sequence[Layer]) -> dict[int, Tensor]:
    tf = load_tensorflow()
    return {link.place: tf.constant(link.reach.weights) for layer in layers for link in layer.links}


def _encoded(drive: NDArray[np.float64] | Float32, steps: int, noise: Sequence[Noise | None]) -> Float32:
    """Spikes of host neurons, (steps, images, rows, columns, channels)."""
    if drive.ndim == 1 + EVENT_AXES:
        return np.ascontiguousarray((drive > 0).swapaxes(0, 1), np.float32)
    found = np.zeros((steps, len(drive), drive[0].size), np.float32)
    for k, image in enumerate(drive):
        of = noise[k]
        start = 0.0 if of is None else of.of_host(image.shape)
        fired = encoded((image + start).ravel(), image.shape[-1], steps)
        found[np.repeat(np.arange(steps), np.diff(fired.pointer)), k, fired.neurons] = 1
    return found.reshape(steps, *drive.shape)


def _steps_of(link: Link, source: int, target: int) -> tuple[int, int]:
    """The first of the source's steps whose spikes arrive in one of the target's, and the one after the last."""
    return max(0, -link.lag), min(source, target - link.lag)


def _padded(values: Tensor, first: int, steps: int, *, repeated: bool = False) -> Tensor:
    """``values`` from step ``first`` on, zeros in the others of ``steps``; one value ``repeated`` to the end."""
    tf = load_tensorflow()
    if repeated:
        values = tf.repeat(values, steps - first, axis=0)
    after = steps - first - values.shape[0]
    return tf.pad(values, ((first, after), *(((0, 0),) * (len(values.shape) - 1))))


def _by_synapses(reach: Synapses, weights: Tensor, flat: Tensor, layer: Layer) -> Tensor:
    """What spikes (pictures, neurons) bring by single synapses, (pictures, neurons of the layer)."""
    tf = load_tensorflow()
    if reach.same:
        return flat * weights
    source = np.repeat(np.arange(len(reach.pointer) - 1), np.diff(reach.pointer))
    order = np.lexsort((source, reach.target))
    indices = np.stack([reach.target, source], axis=1)[order]
    matrix = tf.sparse.SparseTensor(
        indices, tf.gather(weights, reach.place[order]), (int(np.prod(layer.shape)), flat.shape[1])
    )
    return tf.transpose(tf.sparse.sparse_dense_matmul(matrix, flat, adjoint_b=True))


def _fired(layer: Layer, drive: Tensor, numbers: _Numbers) -> tuple[Tensor, Tensor]:
    """Spikes and voltages of a layer, as ``kernels.fire`` has them, step by step."""
    tf = load_tensorflow()
    threshold, floor, bias, pulse, noise = numbers
    start, per_threshold = layer.busy.start - layer.busy.first, 1 / threshold
    current, voltage = tf.zeros_like(drive[0]), tf.zeros_like(drive[0])
    fired, voltages = [], []
    for t in range(layer.busy.steps):
        arrived = drive[t]
        if t == 0:
            arrived += noise
        if t >= start:
            arrived += bias
        if t == start:
            arrived += pulse
        kept = tf.cast(tf.cast(current * CURRENT_KEPT, tf.int32), tf.float32)  # towards zero
        current = arrived + kept / 64
        v = tf.maximum(_left(voltage, layer.neurons.kept) + current, floor)
        above = v > threshold
        below = tf.where(v == floor, AT_FLOOR, tf.minimum(v * per_threshold, 1.0))
        fired.append(tf.cast(above, tf.float32))
        voltages.append(tf.where(above, tf.maximum(v * per_threshold, ABOVE), below))
        voltage = tf.where(above, 0.0, v)
    return tf.stack(fired), tf.stack(voltages)


def _left(voltage: Tensor, kept: int) -> Tensor:
    """What a step leaves of a voltage, as ``kernels.leak`` has it."""
    if kept == DECAY_ONE:
        return voltage
    tf = load_tensorflow()
    size = tf.cast(tf.abs(voltage) * 64, tf.int64)
    left = tf.bitwise.right_shift(size * kept, tf.constant(DECAY_BITS, tf.int64))
    return tf.sign(voltage) * tf.cast(left, tf.float32) / 64


def _fired_backward(voltages: Tensor, of_spikes: Tensor, surrogate: Surrogate, kept: int) -> Tensor:
    """Gradients with respect to drive in thresholds, as ``gradient_kernels.fire_backward`` has them."""
    tf = load_tensorflow()
    of = of_spikes * _derivative(voltages, surrogate)
    later, found = tf.zeros_like(of[0]), []
    for t in reversed(range(of.shape[0])):
        passing = of[t] + tf.where(voltages[t] > 1, 0.0, kept / DECAY_ONE * later)
        later = tf.where(voltages[t] == AT_FLOOR, 0.0, passing)
        found.append(later)
    return tf.stack(found[::-1])


def _derivative(voltages: Tensor, surrogate: Surrogate) -> Tensor:
    tf = load_tensorflow()
    distance = tf.abs(voltages - 1) / surrogate.width
    if surrogate.kind == TRIANGLE:
        return surrogate.height * tf.maximum(1 - distance, 0.0)
    if surrogate.kind == RECTANGLE:
        return surrogate.height * tf.cast(distance < 1, tf.float32)
    return surrogate.height / (1 + (np.pi / 2 * distance) ** 2)
