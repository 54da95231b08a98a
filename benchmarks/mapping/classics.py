"""The classics as spiking networks: LeNet-, AlexNet- and VGG-like networks and one of eight layers, with seeded rates.

Who is connected with whom follows from the designs; weights do not matter here. Rates are drawn: they differ between
channels as those of trained networks do, and vary smoothly over the image. No network is trained and no published rate
is used.
"""

from __future__ import annotations

from math import prod

import numpy as np

from convert.network import Convolution, Input, Network, Population, Projection, Shape, Transform
from convert.network.connections import Connections
from partition.geometry.blocks import Floats

SEED = 17
MEAN_HZ = 20.0
"""The mean of the gamma distribution (of shape 1) from which channels' rates are drawn. Chosen by hand."""


class Design:
    """A network that grows layer by layer, each fed by the last one; the first one's neurons stand for pixels."""

    def __init__(self, rows: int, columns: int, channels: int) -> None:
        self.shapes: list[Shape] = [(rows, columns, channels)]
        self.transforms: list[Transform] = []

    def convolution(self, channels: int, size: int, stride: int = 1) -> Design:
        """A 'same' convolution."""
        rows, columns, before = self.shapes[-1]
        shape = (-(-rows // stride), -(-columns // stride), channels)
        return self._add(shape, Convolution(np.ones((size, size, before, channels)), (stride, stride)))

    def pool(self) -> Design:
        """The mean of 2 x 2 pixels, channel by channel."""
        rows, columns, channels = self.shapes[-1]
        halves = [np.kron(np.eye(side // 2, dtype=bool), np.ones((2, 1), bool)) for side in (rows, columns)]
        same = np.eye(channels, dtype=bool)
        return self._add((rows // 2, columns // 2, channels), Connections(halves[0], halves[1], same))

    def dense(self, neurons: int) -> Design:
        """Every neuron before to every neuron."""
        parts = [np.ones((side, 1), bool) for side in self.shapes[-1][:2]]
        every = np.ones((self.shapes[-1][2], neurons), bool)
        return self._add((1, 1, neurons), Connections(parts[0], parts[1], every))

    def _add(self, shape: Shape, transform: Transform) -> Design:
        self.shapes.append(shape)
        self.transforms.append(transform)
        return self

    def network(self) -> Network:
        names = [f"layer{number}" for number in range(len(self.shapes))]
        populations = tuple(
            Population(name, "Conv2D", shape, np.zeros(shape), 100.0)
            for name, shape in zip(names, self.shapes, strict=True)
        )
        steps = zip(names, names[1:], self.transforms, strict=False)
        return Network(Input(self.shapes[0]), populations, tuple(Projection(*step) for step in steps), ())


def lenet() -> Network:
    design = Design(32, 32, 1).convolution(6, 5).pool().convolution(16, 5).pool()
    return design.dense(120).dense(84).dense(10).network()


def alexnet(width: int) -> Network:
    """For 32 x 32 pixels, as is usual for CIFAR: five convolutions, three poolings, three dense layers."""
    design = Design(32, 32, 3).convolution(width, 5).pool().convolution(3 * width, 5).pool()
    design.convolution(6 * width, 3).convolution(4 * width, 3).convolution(4 * width, 3).pool()
    return design.dense(16 * width).dense(16 * width).dense(10).network()


def vgg(width: int) -> Network:
    """VGG-11 for 32 x 32 pixels: eight convolutions, five poolings, two dense layers."""
    design = Design(32, 32, 3).convolution(width, 3).pool().convolution(2 * width, 3).pool()
    for channels in (4 * width, 8 * width, 8 * width):
        design.convolution(channels, 3).convolution(channels, 3).pool()
    return design.dense(8 * width).dense(10).network()


def eight_layers(side: int) -> Network:
    """Six convolutions, two of them with strides, and two dense layers."""
    design = Design(side, side, 1).convolution(16, 3).convolution(16, 3).convolution(32, 3, 2).convolution(32, 3)
    return design.convolution(64, 3, 2).convolution(64, 3).dense(128).dense(10).network()


def rates_hz(network: Network, seed: int = SEED) -> dict[str, Floats]:
    """A rate of every neuron by population: a smooth wave over the image times a number drawn for each channel."""
    rng = np.random.default_rng(seed)
    rates = {}
    for p in network.populations:
        rows, columns, channels = p.shape
        y, x = np.meshgrid(np.linspace(0, 3, rows), np.linspace(0, 3, columns), indexing="ij")
        phases = 6 * rng.random(2)
        wave = 1.0 + 0.5 * np.sin(y + phases[0]) * np.cos(x + phases[1])
        rates[p.name] = wave[:, :, None] * rng.gamma(1.0, MEAN_HZ, channels)
        assert prod(rates[p.name].shape) == p.neurons
    return rates
