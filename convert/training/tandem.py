"""Fine-tuning through the spikes: the network learns to give the Keras outputs with what its resets and lags leave.

Forward every layer spikes, by the chip's rules and with weights of eight bits; backward each layer is the
rectified-linear one that it stands for, at the rates that its sources really fire. Source: tandem learning, Wu et al.
2021 ("A Tandem Learning Rule for Effective Training and Rapid Inference of Deep Spiking Neural Networks"). The Keras
model is the teacher: images need no labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np

from convert.calibration.simulate import RatesHz, simulated
from convert.frontends.original import Images, Original
from convert.network import INPUT, Array, Network, Population, Readout, Shape, Transform
from convert.network.quantize import with_8bit_weights
from convert.network.tensorflow_form import apply
from convert.network.transforms import dense_convolution
from convert.training.losses import Loss, distillation_loss
from convert.upstream.tensorflow import load_tensorflow, load_tf_keras
from convert.upstream.types import Tensor

LEARNING_RATE = 3e-3
"""Of the largest steps, relative to the root mean square of a kernel; it falls as a half cosine."""

BIAS_UNIT_HZ = 100.0
"""What a kernel's root mean square is to its weights, this is to biases."""

BATCH = 32


def train_spiking(
    network: Network,
    arrival: Mapping[str, int],
    batches: Iterable[Images],
    teacher: Original,
    *,
    count: int,
    loss: Loss = distillation_loss,
    advance: Callable[[int], None] = lambda steps: None,
) -> Network:
    """``network``, calibrated and with biases from step ``arrival`` on, trained on ``count`` batches of raw images
    (images, rows, columns, channels) to give the first readout of ``teacher``, by ``distillation_loss`` unless another
    ``loss`` is given."""
    keras, tf = load_tf_keras(), load_tensorflow()
    trained = _Trained(network)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(LEARNING_RATE, max(1, count)))
    for images in batches:
        fired_hz = spiking_rates(with_8bit_weights(trained.network()), arrival, images)
        wanted = tf.constant(teacher.logits(images)[0], tf.float32)
        with tf.GradientTape() as tape:
            total = loss(wanted, trained.outputs(fired_hz))
        gradients, _ = tf.clip_by_global_norm(tape.gradient(total, trained.variables), 1.0)
        optimizer.apply_gradients(zip(gradients, trained.variables, strict=True))
        advance(1)
    return trained.network()


def spiking_rates(network: Network, arrival: Mapping[str, int], images: Images) -> RatesHz:
    """Mean rate of every neuron over the second half of the steps, from its layer's arrival at the earliest."""
    rates_hz = {}
    for population, spikes in simulated(network, arrival, images):
        start = max(arrival.get(population.name, 0), network.timesteps // 2)
        share = spikes.share(start).reshape(-1, *population.shape)
        rates_hz[population.name] = share / np.float32(network.dt_s)
    return rates_hz


class _Trained:
    """The variables of a network and the network with their values.

    ``kernels`` has (root mean square, kernel relative to it) by projection; ``biases``, by target, (channels,) in
    ``units``.
    """

    def __init__(self, network: Network) -> None:
        tf = load_tensorflow()
        self.start = network
        self.kernels: dict[int, tuple[float, Tensor]] = {}
        for i, projection in enumerate(network.projections):
            convolution = dense_convolution(projection.transform)
            if projection.source != INPUT and convolution is not None:
                kernel = convolution.kernel
                rms = float(np.sqrt(np.mean(kernel**2)))
                self.kernels[i] = rms, tf.Variable((kernel / rms).astype(np.float32))
        readout = network.readouts[0]
        self.units = {p.name: BIAS_UNIT_HZ for p in network.chip_populations} | {readout.name: 1.0}
        channels = {name: network.shape_of(name)[2] for name in self.units}
        self.biases = {name: tf.Variable(np.zeros(n, np.float32)) for name, n in channels.items()}

    @property
    def variables(self) -> list[Tensor]:
        return [*(relative for _, relative in self.kernels.values()), *self.biases.values()]

    def outputs(self, fired_hz: RatesHz) -> Tensor:
        """The first readout before its activation; values are the spiking network's, gradients the rate network's."""
        tf = load_tensorflow()
        rates_hz: dict[str, Tensor] = {}
        for population in self.start.populations:
            rates_hz[population.name] = tf.constant(fired_hz[population.name])
            if population.on_chip:
                rate = tf.nn.relu(self._drive(population.name, population.shape, population.bias_hz, rates_hz))
                rates_hz[population.name] = rate + tf.stop_gradient(rates_hz[population.name] - rate)
        readout = self.start.readouts[0]
        return self._drive(readout.name, readout.shape, readout.bias, rates_hz)

    def _drive(self, name: str, shape: Shape, bias: Array, rates_hz: Mapping[str, Tensor]) -> Tensor:
        total = bias.astype(np.float32) + self.biases[name] * self.units[name]
        for i, projection in enumerate(self.start.projections):
            if projection.target == name:
                transform: Transform = projection.transform
                if i in self.kernels:
                    rms, relative = self.kernels[i]
                    transform = transform.with_weights(rms * relative)
                total = total + apply(transform, rates_hz[projection.source], shape)
        return total

    def network(self) -> Network:
        def bias(target: Population | Readout) -> Array:
            return np.asarray(self.biases[target.name].numpy() * np.float64(self.units[target.name]))

        def population(p: Population) -> Population:
            return replace(p, bias_hz=p.bias_hz + bias(p)) if p.on_chip else p

        projections = list(self.start.projections)
        for i, (rms, relative) in self.kernels.items():
            value = rms * relative.numpy().astype(np.float64)
            projections[i] = replace(projections[i], transform=projections[i].transform.with_weights(value))
        first, *others = self.start.readouts
        return replace(
            self.start,
            populations=tuple(map(population, self.start.populations)),
            projections=tuple(projections),
            readouts=(replace(first, bias=first.bias + bias(first)), *others),
        )
