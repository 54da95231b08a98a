"""Training through the chip's own steps: a wave learns to give the Keras outputs with the spikes that it really fires.

First each layer alone learns its own activations from the spikes that it gets, then all of them together the outputs.
The Keras model is the teacher: images need no labels. Sources: the surrogate gradient in ``wave.simulate``;
distillation, Hinton et al. 2015. Shares and rates are chosen by trials on a ResNet-20: docs/few-spikes.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from convert.calibration.firing_rates import FiringRates
from convert.calibration.simulate import drive_hz
from convert.frontends.original import Images, Original
from convert.network import INPUT, Network
from convert.network.tensorflow_form import apply
from convert.training.wave.kernels import TRIANGLE, Float32, Kernel, Surrogate, Synapses, counted
from convert.training.wave.layers import Layer, wave_layers
from convert.training.wave.parameters import Key, WaveParameters, summed
from convert.training.wave.readout_gradient import backward
from convert.training.wave.schedule import Wave
from convert.training.wave.simulate import Gradient, Passed, Wanted, gradient, pass_image
from convert.upstream.tensorflow import load_tensorflow, load_tf_keras
from convert.upstream.types import Optimizer

from .rate_loss import Loss
from .tandem import distillation_loss

Result = TypeVar("Result")

BATCH = 32

AT_ONCE = 8
"""Images whose voltages are held at a time: those of a ResNet-20 take 20 MB each."""

SILENT = 1e-3
"""A layer's activations are compared relative to their mean square and this."""

LOW_TRIANGLE = Surrogate(TRIANGLE, 1.0, 0.5)
"""Half as high as it could be: gradients then neither grow nor shrink much from layer to layer."""


@dataclass(frozen=True)
class Recipe:
    """How a wave is trained.

    ``features`` weigh the difference of each layer's rates from the activations of the original, at first and at the
    end; ``penalty`` weighs a million synaptic operations; ``local`` is the share of the batches in which layers learn
    alone.
    """

    surrogate: Surrogate = LOW_TRIANGLE
    learning_rate: float = 5e-3
    local: float = 0.1
    features: tuple[float, float] = (0.2, 0.002)
    penalty: float = 0.0


def train_wave(
    wave: Wave,
    batches: Iterable[Images],
    teacher: Original,
    *,
    count: int,
    recipe: Recipe = Recipe(),
    loss: Loss = distillation_loss,
    advance: Callable[[int], None] = lambda steps: None,
) -> Wave:
    """``wave`` trained on ``count`` batches of raw images (images, rows, columns, channels) to give the first readout
    of ``teacher``; ``loss`` is that of its outputs before their activation."""
    keras = load_tf_keras()
    alone = round(recipe.local * count)
    training = _Training(wave, teacher, recipe, loss)
    given = iter(batches)
    for stage, local in ((islice(given, alone), True), (given, False)):
        schedule = keras.optimizers.schedules.CosineDecay(
            recipe.learning_rate, max(1, alone if local else count - alone)
        )
        optimizer = keras.optimizers.Adam(schedule, beta_2=0.99)
        for k, images in enumerate(stage):
            done = 0.0 if local else k / max(1, count - alone)
            first, last = recipe.features
            training.step(images, optimizer, first + (last - first) * done, local=local)
            advance(1)
    return training.parameters.wave()


@dataclass(frozen=True)
class Examples:
    """Raw images, and the teacher's activities, by population, and first readout before its activation."""

    images: Images
    activities: Mapping[str, NDArray[np.float32]]
    logits: NDArray[np.float32]


class _Training:
    """The parameters, and one step after the other on them."""

    def __init__(self, wave: Wave, teacher: Original, recipe: Recipe, loss: Loss) -> None:
        self.parameters = WaveParameters(wave)
        self.teacher, self.recipe, self.loss = teacher, recipe, loss
        self.known: dict[int, Kernel | Synapses] = {}
        self.fan_out = {p.name: fan_out(wave.network, p.name) for p in wave.network.chip_populations}

    def step(self, images: Images, optimizer: Optimizer, features: float, *, local: bool) -> None:
        tf = load_tensorflow()
        wave = self.parameters.wave()
        layers = wave_layers(wave, self.known)
        total: dict[Key, NDArray[np.float32]] = {}
        for part in self._examples(images):
            for key, value in self._gradients(wave, layers, part, features, local).items():
                share = np.float32(len(part.images) / len(images))
                total[key] = total[key] + value * share if key in total else value * share
        keys = sorted(total, key=str)
        clipped, _ = tf.clip_by_global_norm([tf.constant(total[key]) for key in keys], 1.0)
        variables = [self.parameters.variables[key] for key in keys]
        optimizer.apply_gradients(zip(clipped, variables, strict=True))

    def _examples(self, images: Images) -> Iterator[Examples]:
        """``images`` a few at a time, with what the teacher makes of them."""
        activities, logits = self.teacher.activities(images), self.teacher.logits(images)[0]
        for start in range(0, len(images), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            yield Examples(images[part], {name: a[part] for name, a in activities.items()}, logits[part])

    def _gradients(
        self, wave: Wave, layers: Sequence[Layer], given: Examples, features: float, local: bool
    ) -> dict[Key, NDArray[np.float32]]:
        """Of the mean loss of a few images with respect to the variables."""
        passed = passes(wave, layers, given.images)
        of_readout, of_sources = self._readout_gradients(wave, layers, passed, given)
        counts = {layer.name: np.stack([p.counts(layer) for p in passed]) for layer in layers}
        of_counts = self._count_gradients(wave, counts, given, features)

        def one(k: int) -> Gradient:
            wanted = {
                name: Wanted(of[k], of_sources[name][k] if name in of_sources else None)
                for name, of in of_counts.items()
            }
            return gradient(layers, passed[k], wanted, self.recipe.surrogate, local=local)

        return self.parameters.gradients(summed(_each(len(passed), one))) | of_readout

    def _count_gradients(
        self, wave: Wave, counts: Mapping[str, Float32], given: Examples, features: float
    ) -> dict[str, Float32]:
        """Of the difference from the activations and of the penalty, with respect to counts (images, neurons)."""
        activities, network = given.activities, wave.network
        found = {}
        for name, count in counts.items():
            scale = np.float32(network.population(name).scale_hz * network.dt_s)
            goal = np.clip(activities[name].reshape(len(count), -1) * scale, 0, 1)
            size = np.square(goal).sum(axis=1, keepdims=True) + SILENT * goal.shape[1]
            slope = 2 * features * (count / wave.steps - goal) / (size * wave.steps)
            gradient_of_count = (slope + self.recipe.penalty * 1e-6 * self.fan_out[name]) / len(count)
            found[name] = np.asarray(gradient_of_count, np.float32)
        return found

    def _readout_gradients(
        self, wave: Wave, layers: Sequence[Layer], passed: Sequence[Passed], given: Examples
    ) -> tuple[dict[Key, NDArray[np.float32]], dict[str, Float32]]:
        """Of the loss of the outputs, with respect to the readout's variables and to each spike of its sources."""
        tf, network = load_tensorflow(), wave.network
        readout, per_spike = network.readouts[0], np.float32(1 / (wave.steps * network.dt_s))
        into = {i: p for i, p in enumerate(network.projections) if p.target == readout.name}
        rates_hz = {
            layer.name: np.stack([p.counts(layer, in_window=True).reshape(layer.shape) for p in passed]) * per_spike
            for layer in layers
            if layer.name in {p.source for p in into.values()}
        }
        parts = [np.asarray(apply(p.transform, rates_hz[p.source], readout.shape)) for p in into.values()]
        outputs = tf.constant(np.float32(sum(parts) + readout.bias))
        with tf.GradientTape() as tape:
            tape.watch(outputs)
            loss = self.loss(tf.constant(given.logits, tf.float32), outputs)
        of_outputs = tape.gradient(loss, outputs).numpy()
        of_weights, of_rates = {}, {name: np.zeros_like(rate) for name, rate in rates_hz.items()}
        for i, p in into.items():
            more, of_weights[i] = backward(p.transform, rates_hz[p.source], of_outputs)
            of_rates[p.source] += more
        of_sources = {name: g.reshape(len(passed), -1) * per_spike for name, g in of_rates.items()}
        return self.parameters.of_readout(of_weights, of_outputs.sum(axis=0)), of_sources


def passes(wave: Wave, layers: Sequence[Layer], images: Images) -> list[Passed]:
    """Raw ``images`` through the wave, one after the other, on all cores."""
    network = wave.network
    hosts = [p for p in network.populations if not p.on_chip]
    drives = {p.name: drive_hz(network, p, {INPUT: images}).astype(np.float64) * network.dt_s for p in hosts}

    def one(k: int) -> Passed:
        return pass_image(layers, {name: drive[k] for name, drive in drives.items()}, wave.steps)

    found = _each(len(images), one)
    return [found[k] for k in range(len(images))]


def firing_rates(wave: Wave, images: Images) -> FiringRates:
    """Of every population of the wave on raw ``images``, over all steps until it has passed."""
    found, network = FiringRates(), wave.network
    passed = passes(wave, wave_layers(wave, {}), images)
    duration_s = max(busy.stop for busy in wave.busy.values()) * network.dt_s
    for p in network.populations:
        counts = np.stack([counted(image.fired[p.name].neurons, p.neurons) for image in passed])
        found = found.with_rates(p, counts / np.float32(duration_s))
    return found


def shifted(images: Images, rng: np.random.Generator) -> Images:
    """``images`` moved by up to an eighth of their size at random, mirrored at their borders."""
    most = [size // 8 for size in images.shape[1:3]]
    padded = np.pad(images, ((0, 0), (most[0],) * 2, (most[1],) * 2, (0, 0)), mode="reflect")
    moved = np.empty_like(images)
    for k in range(len(images)):
        y, x = (int(rng.integers(0, 2 * n + 1)) for n in most)
        moved[k] = padded[k, y : y + images.shape[1], x : x + images.shape[2]]
    return moved


def fan_out(network: Network, name: str) -> NDArray[np.float32]:
    """The synapses on the chip that a spike of each neuron of population ``name`` reaches, (neurons,)."""
    chip = {p.name for p in network.chip_populations}
    total = np.zeros(network.shape_of(name))
    for p in network.out_of(name):
        if p.target in chip:
            total = total + p.transform.fan_out(network.shape_of(name), network.shape_of(p.target))
    return total.ravel().astype(np.float32)


def _each(count: int, one: Callable[[int], Result]) -> dict[int, Result]:
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return dict(enumerate(threads.map(one, range(count))))
