"""What of a wave is trained: kernels and full matrices weight by weight, other synapses by a gain for each channel, and
biases and pulses by channel; or weights alone, each that is not 0. Each is kept relative to its own size, so that one
learning rate suits all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from convert.network import INPUT, Array, Convolution, ConvolutionTranspose, Sparse, Transform
from convert.training.descent import Key, Values
from convert.training.wave.schedule import Wave
from convert.training.wave.simulate import Gradient

UNIT = 0.1
"""Thresholds (of a readout, outputs) that are to biases and pulses what its root mean square is to a kernel."""

FULL = 0.9
"""Share of a matrix's places that are connected, from which every weight is trained."""


def by_weight(transform: Transform) -> bool:
    """Whether every weight is trained, or a gain for each channel of the target."""
    if isinstance(transform, Sparse):
        return bool(transform.matrix.nnz >= FULL * np.prod(transform.matrix.shape))
    return isinstance(transform, Convolution | ConvolutionTranspose)


class WaveParameters:
    """What is trained of a wave: the first ``values`` by key, all about 1 in size, and the waves that others make.

    A key is what it is ("weights", "gain", "bias", "pulse", "output") and whose: a projection's place, or a name. With
    ``weights_alone`` there are no gains, biases and pulses, and weights of 0 stay.
    """

    def __init__(self, wave: Wave, *, weights_alone: bool = False) -> None:
        self.start = wave
        self.connected: dict[int, NDArray[np.bool_]] = {}
        network, readout = wave.network, wave.network.readouts[0]
        values: dict[Key, NDArray[np.float64]] = {}
        for place, p in enumerate(network.projections):
            if p.source != INPUT and p.target in {readout.name, *(q.name for q in network.chip_populations)}:
                if weights_alone or by_weight(p.transform):
                    values["weights", place] = p.transform.weights / self._size(place)
                    if weights_alone:
                        self.connected[place] = p.transform.weights != 0
                else:
                    values["gain", place] = np.ones(network.shape_of(p.target)[2])
        for q in () if weights_alone else network.chip_populations:
            values["bias", q.name] = np.zeros(q.shape[2])
            values["pulse", q.name] = np.zeros(q.shape[2])
        values["output", readout.name] = np.zeros(readout.shape[2])
        self.values: Values = {key: v.astype(np.float32) for key, v in values.items()}

    def _size(self, place: int) -> float:
        return float(np.sqrt(np.mean(self.start.network.projections[place].transform.weights ** 2))) or 1.0

    def wave(self, values: Values) -> Wave:
        """With these ``values``."""
        network, readout = self.start.network, self.start.network.readouts[0]
        at = {key: value.astype(np.float64) for key, value in values.items()}
        projections = (replace(p, transform=self._transform(place, at)) for place, p in enumerate(network.projections))
        populations = (
            replace(p, bias_hz=p.bias_hz + UNIT / network.dt_s * at.get(("bias", p.name), np.zeros(1)))
            if p.on_chip
            else p
            for p in network.populations
        )
        changed = network.with_(
            projections=tuple(projections),
            populations=tuple(populations),
            readouts=(replace(readout, bias=readout.bias + UNIT * at["output", readout.name]), *network.readouts[1:]),
        )
        pulses = {
            p.name: self.start.pulses.get(p.name, np.zeros(p.shape)) + UNIT * at.get(("pulse", p.name), np.zeros(1))
            for p in network.chip_populations
        }
        return Wave(changed, self.start.steps, pulses)

    def _transform(self, place: int, at: Mapping[Key, Array]) -> Transform:
        projection = self.start.network.projections[place]
        if ("weights", place) in at:
            return projection.transform.with_weights(self._size(place) * at["weights", place])
        if ("gain", place) in at:
            target = self.start.network.shape_of(projection.target)
            return projection.transform.scaled(at["gain", place], target)
        return projection.transform

    def gradients(self, found: Gradient) -> dict[Key, NDArray[np.float32]]:
        """Of all but the readout's variables, from those with respect to weights, biases and pulses in thresholds."""
        result: dict[Key, NDArray[np.float32]] = {}
        for place, of_weights in found.weights.items():
            if ("weights", place) in self.values:
                result["weights", place] = of_weights * np.float32(self._size(place))
                if place in self.connected:
                    result["weights", place] *= self.connected[place]
            else:
                result["gain", place] = self._of_gain(place, of_weights)
        for kind, of_neurons in (("bias", found.biases), ("pulse", found.pulses)):
            result |= {
                (kind, name): self._by_channel(name, g) * np.float32(UNIT)
                for name, g in of_neurons.items()
                if (kind, name) in self.values
            }
        return result

    def of_readout(
        self, weights: Mapping[int, NDArray[np.float32]], bias: NDArray[np.float32]
    ) -> dict[Key, NDArray[np.float32]]:
        """Of the readout's variables, from the gradients with respect to its weights, by place, and to its bias."""
        name = self.start.network.readouts[0].name
        found = self.gradients(Gradient(dict(weights)))
        return found | {("output", name): self._by_channel(name, bias) * np.float32(UNIT)}

    def _of_gain(self, place: int, of_weights: NDArray[np.float32]) -> NDArray[np.float32]:
        projection = self.start.network.projections[place]
        channels = self.start.network.shape_of(projection.target)[2]
        matrix = projection.transform.as_matrix(
            *map(self.start.network.shape_of, (projection.source, projection.target))
        )
        channel = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)) % channels
        return np.bincount(channel, of_weights * projection.transform.weights, channels).astype(np.float32)

    def _by_channel(self, name: str, of_neurons: NDArray[np.float32]) -> NDArray[np.float32]:
        channels = self.start.network.shape_of(name)[2]
        return np.asarray(of_neurons.reshape(-1, channels).sum(axis=0))


def summed(gradients: Mapping[int, Gradient]) -> Gradient:
    """The sum over images, always in the same order."""
    first, *others = (gradients[k] for k in sorted(gradients))
    for other in others:
        for mine, more in (
            (first.weights, other.weights),
            (first.biases, other.biases),
            (first.pulses, other.pulses),
            (first.noticed, other.noticed),
        ):
            for key, value in more.items():
                mine[key] += value  # type: ignore[index]
    return first
