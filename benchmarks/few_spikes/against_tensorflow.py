"""A ResNet-20 forward and back through its steps: this package's loops beside an unrolled TensorFlow graph.

    taskset -c 0 python -m benchmarks.few_spikes.against_tensorflow resnet20_cifar10.keras CIFAR10/train [STEPS]

Both have the same network, weights, steps and surrogate; TensorFlow computes in floating point, dense, as direct
training usually does, compiled to a graph: step by step, and as it is faster, the convolutions of all steps of a layer
at once. CPU milliseconds an image, alternating, best of several.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from convert.calibration.simulate import drive_hz
from convert.frontends.original import Images
from convert.network import INPUT, Sparse
from convert.network.tensorflow_form import apply
from convert.training.recipes.surrogates import LOW_TRIANGLE
from convert.training.wave.event_engine import AT_ONCE, EventEngine, passes
from convert.training.wave.kernels import Float32, Kernel, Synapses
from convert.training.wave.layers import Layer, Link, wave_layers
from convert.training.wave.schedule import Wave, starting_wave
from convert.training.wave.simulate import Wanted, gradient
from convert.upstream.tensorflow import load_tensorflow
from convert.upstream.types import Tensor

from .starting import Start

ROUNDS = 5


def main(model: Path, data: Path, steps: int) -> None:
    start = Start.read(model, data, 4 * AT_ONCE)
    wave, images = starting_wave(start.network, steps, start.rates.targets_hz), start.images[:AT_ONCE]
    layers, engine = wave_layers(wave, {}), EventEngine()
    goals = {layer.name: Wanted(np.full(int(np.prod(layer.shape)), 1e-3, np.float32)) for layer in layers}

    def ours() -> None:
        gradient(layers, [(passed, goals) for passed in passes(wave, layers, images, engine)], LOW_TRIANGLE)

    ways = {
        "here": ours,
        "TensorFlow, step by step": _unrolled(wave, layers, images, at_once=1),
        "TensorFlow, layer by layer": _unrolled(wave, layers, images, at_once=10**6),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS + 1):
        for name, once in ways.items():
            begin_s = time.process_time()
            once()
            times[name].append((time.process_time() - begin_s) / len(images) * 1e3)
    for name, found in times.items():
        best, here = min(found[1:]), min(times["here"][1:])
        print(f"T = {steps}, {name}: {best:.1f} CPU ms an image, {best / here:.2f} times as many")


def _unrolled(wave: Wave, layers: tuple[Layer, ...], images: Images, *, at_once: int) -> Callable[[], object]:
    """A compiled graph: the gradient of a sum of spikes with respect to every kernel, bias and pulse.

    Convolutions take so many steps ``at_once``.
    """
    tf, network = load_tensorflow(), wave.network
    weights = {
        link.place: tf.Variable(_dense(link.reach, layer) / np.float32(layer.neurons.threshold))
        for layer in layers
        for link in layer.links
    }
    constants = {
        layer.name: [
            tf.Variable((values / np.float32(layer.neurons.threshold)).reshape(layer.shape))
            for values in (layer.neurons.bias, layer.neurons.pulse)
        ]
        for layer in layers
    }

    def brought(link: Link, layer: Layer, spikes: Tensor) -> Tensor:
        transform = network.projections[link.place].transform
        count, pictures, *shape = spikes.shape
        if isinstance(transform, Sparse):
            values = spikes * weights[link.place]
        else:
            kernel = transform.with_weights(weights[link.place])
            parts = [spikes[t : t + at_once] for t in range(0, count, at_once)]
            flat = [apply(kernel, tf.reshape(part, (-1, *shape)), layer.shape) for part in parts]
            values = tf.reshape(tf.concat(flat, axis=0), (count, pictures, *layer.shape))
        start = max(0, -link.lag)
        values = values[start : start + layer.busy.steps - max(0, link.lag)]
        before = max(0, link.lag)
        after = layer.busy.steps - before - values.shape[0]
        return tf.pad(values, ((before, after), (0, 0), (0, 0), (0, 0), (0, 0)))

    @tf.function(autograph=False)
    def graph(hosts: dict[str, Tensor]) -> list[Tensor]:
        spikes = dict(hosts)
        with tf.GradientTape() as tape:
            total = 0.0
            for layer in layers:
                drive = sum(brought(link, layer, spikes[link.source]) for link in layer.links)
                spikes[layer.name] = _fired(layer, drive, *constants[layer.name])
                total += 1e-3 * tf.reduce_sum(spikes[layer.name])
        return tape.gradient(total, [*weights.values(), *(v for both in constants.values() for v in both)])

    hosts = {}
    for p in network.populations:
        if not p.on_chip:
            drive = np.maximum(drive_hz(network, p, {INPUT: images}) * network.dt_s, 0)
            sums = np.floor(drive * np.arange(wave.steps + 1)[:, None, None, None, None])
            hosts[p.name] = tf.constant(np.float32(np.diff(sums, axis=0) > 0))
    return lambda: graph(hosts)


def _fired(layer: Layer, drive: Tensor, bias: Tensor, pulse: Tensor) -> Tensor:
    """Spikes of a layer, step by step."""
    tf = load_tensorflow()
    start, floor = layer.busy.start - layer.busy.first, layer.neurons.floor / layer.neurons.threshold
    voltage, fired = tf.zeros_like(drive[0]), []
    for t in range(layer.busy.steps):
        voltage = voltage + drive[t]
        if t >= start:
            voltage = voltage + bias
        if t == start:
            voltage = voltage + pulse
        voltage = tf.maximum(voltage, floor)
        fired.append(_spike(voltage))
        voltage = voltage * (1 - tf.stop_gradient(fired[-1]))
    return tf.stack(fired)


def _spike(voltage: Tensor) -> Tensor:
    tf = load_tensorflow()

    @tf.custom_gradient
    def spike(v: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        near = tf.maximum(1 - tf.abs(v - 1) / LOW_TRIANGLE.width, 0.0) * LOW_TRIANGLE.height
        return tf.cast(v > 1, v.dtype), lambda of: of * near

    return spike(voltage)


def _dense(reach: Kernel | Synapses, layer: Layer) -> Float32:
    """The weights of a kernel, or those of an identity shortcut in the layer's shape."""
    return reach.weights.reshape(layer.shape) if isinstance(reach, Synapses) else reach.weights


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 8)
