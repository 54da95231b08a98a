"""A few images through a wave: the loss of its outputs, and the gradient with respect to all that is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.calibration.firing_rates import FiringRates
from convert.frontends.original import Images
from convert.network import Network
from convert.network.numpy_form import apply
from convert.training.descent import Key
from convert.training.wave.aim import Aim
from convert.training.wave.dense_engine import DenseEngine
from convert.training.wave.engine import Counted, Engine, per_step
from convert.training.wave.event_engine import AT_ONCE, EventEngine, passes
from convert.training.wave.kernels import Float32, counted
from convert.training.wave.layers import Layer, wave_layers
from convert.training.wave.one_step import Noise
from convert.training.wave.parameters import WaveParameters
from convert.training.wave.rate_bounds import added, rate_gradients
from convert.training.wave.readout_gradient import backward
from convert.training.wave.schedule import Wave
from convert.training.wave.simulate import ThroughSteps, Wanted
from convert.upstream.jax import has_gpu
from convert.upstream.types import Tensor, Values

SILENT = 1e-3
"""A layer's activations are compared relative to their mean square and this."""


@dataclass(frozen=True)
class Examples:
    """Raw images, or recordings, the teacher's activities, by population, and first readout before its activation, and
    labels if there are any that count. Without a teacher there are no activities and no ``logits``."""

    images: Images
    activities: Mapping[str, NDArray[np.float32]]
    logits: NDArray[np.float32] | None
    labels: Values | None = None

    def part(self, start: int, size: int) -> Examples:
        """``size`` of them."""
        some = slice(start, start + size)
        labels = None if self.labels is None else self.labels[some]
        logits = None if self.logits is None else self.logits[some]
        return Examples(self.images[some], {n: a[some] for n, a in self.activities.items()}, logits, labels)


@dataclass(frozen=True)
class Found:
    """The mean ``loss`` of outputs, the share that ``agrees`` with the teacher, or else the labels, on the class, the
    gradient, and what the way back noticed of each layer, in all images."""

    loss: float
    agrees: float
    gradients: dict[Key, NDArray[np.float32]]
    noticed: dict[str, NDArray[np.float32]]


class BatchGradient:
    """The gradient of batches, one after the other, in arrays that are kept."""

    def __init__(self, parameters: WaveParameters) -> None:
        self.parameters = parameters
        network = parameters.start.network
        self.events = EventEngine()
        self.dense = DenseEngine(network) if has_gpu() else None

    def _engine(self, aim: Aim) -> Engine:
        """A GPU's, where there is one and it knows the way back."""
        if self.dense is not None and isinstance(aim.backward, ThroughSteps):
            return self.dense
        return self.events

    def of(self, wave: Wave, layers: Sequence[Layer], given: Examples, aim: Aim) -> Found:
        """Of the mean over all examples."""
        total: dict[Key, NDArray[np.float32]] = {}
        noticed: dict[str, NDArray[np.float32]] = {}
        loss = agrees = 0.0
        at_once = self._engine(aim).at_once
        for start in range(0, len(given.images), at_once):
            part = given.part(start, at_once)
            share = len(part.images) / len(given.images)
            found = self._of_part(wave, layers, part, aim, start)
            loss, agrees = loss + share * found.loss, agrees + share * found.agrees
            for key, value in found.gradients.items():
                total[key] = total.get(key, np.float32(0)) + value * np.float32(share)
            for name, numbers in found.noticed.items():
                noticed[name] = noticed.get(name, np.float32(0)) + numbers
        return Found(loss, agrees, total, noticed)

    def _of_part(self, wave: Wave, layers: Sequence[Layer], given: Examples, aim: Aim, first: int) -> Found:
        def noise(k: int) -> Noise | None:
            return None if aim.noise is None else Noise(aim.noise, np.random.default_rng((*aim.seed, first + k)))

        engine = self._engine(aim)
        noises = [noise(k) for k in range(len(given.images))]
        passed = engine.passed(layers, per_step(wave, given.images), wave.steps, noises)
        readout = self._readout(wave, layers, passed, given, aim)
        of_counts, of_window = self._count_gradients(wave, layers, engine, passed, given, aim), readout.of_sources
        if aim.goals.rates is not None:
            of_window = added(of_window, rate_gradients(wave, layers, passed, aim.goals.rates))

        wanted = {name: Wanted(all_, of_window.get(name)) for name, all_ in of_counts.items()}
        found = engine.gradient(layers, passed, wanted, aim.backward)
        gradients = self.parameters.gradients(found) | readout.gradients
        return Found(readout.loss, readout.agrees, gradients, found.noticed)

    def _count_gradients(
        self, wave: Wave, layers: Sequence[Layer], engine: Engine, passed: Sequence[Counted], given: Examples, aim: Aim
    ) -> dict[str, Tensor]:
        """Of the difference from the activations and of the penalty, with respect to counts (images, neurons), as
        arrays of the ``engine``."""
        found = {}
        reached = {layer.name: fan_out(wave.network, layer.name) for layer in layers} if aim.goals.penalty else {}
        for layer in layers:
            count = engine.counts(layer, passed)
            slope = self._of_activities(layer, count, given, aim, wave) if given.activities else count * np.float32(0)
            if aim.goals.penalty:
                slope = slope + np.float32(aim.goals.penalty * 1e-6) * reached[layer.name]
            found[layer.name] = slope / np.float32(len(count))
        return found

    def _of_activities(self, layer: Layer, count: Tensor, given: Examples, aim: Aim, wave: Wave) -> Tensor:
        """Of the difference from the teacher's, with respect to ``count`` (images, neurons)."""
        xp = count.__array_namespace__()
        scale = np.float32(wave.network.population(layer.name).scale_hz * wave.network.dt_s)
        goal = xp.clip(xp.asarray(given.activities[layer.name].reshape(count.shape), dtype=np.float32) * scale, 0, 1)
        size = xp.sum(goal * goal, axis=1, keepdims=True) + np.float32(SILENT * goal.shape[1])
        return np.float32(2 * aim.features / wave.steps) * (count / np.float32(wave.steps) - goal) / size

    def _readout(
        self, wave: Wave, layers: Sequence[Layer], passed: Sequence[Counted], given: Examples, aim: Aim
    ) -> _Readout:
        network = wave.network
        readout, per_spike = network.readouts[0], np.float32(1 / (wave.steps * network.dt_s))
        into = {i: p for i, p in enumerate(network.projections) if p.target == readout.name}
        rates_hz, outputs = read_out(wave, layers, passed)
        loss, of_outputs = _loss(outputs, given, aim)
        of_weights, of_rates = {}, {name: np.zeros_like(rate) for name, rate in rates_hz.items()}
        for i, p in into.items():
            more, of_weights[i] = backward(p.transform, rates_hz[p.source], of_outputs)
            of_rates[p.source] += more
        return _Readout(
            loss,
            float(np.mean(_class(outputs) == _wanted(given, outputs))),
            self.parameters.of_readout(of_weights, of_outputs.sum(axis=0)),
            {name: g.reshape(len(passed), -1) * per_spike for name, g in of_rates.items()},
        )


@dataclass(frozen=True)
class _Readout:
    """The loss of the outputs, whether they agree, its gradient with respect to the readout's variables and, by source
    (images, neurons), to each spike."""

    loss: float
    agrees: float
    gradients: dict[Key, NDArray[np.float32]]
    of_sources: dict[str, Float32]


def _loss(outputs: Float32, given: Examples, aim: Aim) -> tuple[float, Float32]:
    """That of ``outputs``, and its gradient."""
    loss, gradient = 0.0, np.zeros_like(outputs, np.float32)
    if given.logits is not None:
        loss, gradient = aim.goals.loss(given.logits, outputs)
    if aim.goals.of_labels is not None and given.labels is not None:
        more, of_labels = aim.goals.of_labels(given.labels, outputs)
        loss += aim.goals.labels * more
        gradient = np.asarray(gradient + aim.goals.labels * of_labels, np.float32)
    return loss, gradient


def _class(outputs: Float32) -> NDArray[np.intp]:
    return outputs.argmax(axis=-1) if outputs.shape[-1] > 1 else np.asarray(outputs > 0, np.intp)


def _wanted(given: Examples, outputs: Float32) -> NDArray[np.intp]:
    """The teacher's classes, or without one the labels."""
    if given.logits is not None:
        return _class(given.logits.reshape(outputs.shape))
    return np.asarray(given.labels, np.intp).reshape(outputs.shape[:-1])


def read_out(wave: Wave, layers: Sequence[Layer], passed: Sequence[Counted]) -> tuple[dict[str, Float32], Float32]:
    """The rates in their windows of the first readout's sources, by name, and its outputs before their activation,
    (images, rows, columns, channels)."""
    network, readout = wave.network, wave.network.readouts[0]
    into = [p for p in network.projections if p.target == readout.name]
    per_spike, sources = np.float32(1 / (wave.steps * network.dt_s)), {p.source for p in into}
    rates_hz = {
        layer.name: np.stack([p.counts(layer, in_window=True).reshape(layer.shape) for p in passed]) * per_spike
        for layer in layers
        if layer.name in sources
    }
    parts = [apply(p.transform, rates_hz[p.source], readout.shape) for p in into]
    return rates_hz, np.asarray(sum(parts) + readout.bias, np.float32)


def firing_rates(wave: Wave, images: Images) -> FiringRates:
    """Of every population of the wave on raw ``images``, over all steps until it has passed."""
    found, network, layers = FiringRates(), wave.network, wave_layers(wave, {})
    duration_s = max(busy.stop for busy in wave.busy.values()) * network.dt_s
    engine = EventEngine()
    counts: dict[str, list[Float32]] = {p.name: [] for p in network.populations}
    for start in range(0, len(images), AT_ONCE):
        for passed in passes(wave, layers, images[start : start + AT_ONCE], engine):
            for p in network.populations:
                counts[p.name].append(counted(passed.fired[p.name].neurons, p.neurons))
    for p in network.populations:
        found = found.with_rates(p, np.stack(counts[p.name]) / np.float32(duration_s))
    return found


def fan_out(network: Network, name: str) -> NDArray[np.float32]:
    """The synapses on the chip that a spike of each neuron of population ``name`` reaches, (neurons,)."""
    chip = {p.name for p in network.chip_populations}
    total = np.zeros(network.shape_of(name))
    for p in network.out_of(name):
        if p.target in chip:
            total = total + p.transform.fan_out(network.shape_of(name), network.shape_of(p.target))
    return total.ravel().astype(np.float32)
