"""A ResNet-20 for 32x32x3 images with random weights, as a converted one has it, and a partition of it.

Three stages of three residual blocks with 16, 32 and 64 channels; a block's second population takes a 3x3 convolution
of its first and the population before the block, as it is or by a strided 1x1 convolution.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from convert.network import (
    HOST,
    INPUT,
    Convolution,
    Input,
    Network,
    Neuron,
    Population,
    Projection,
    Readout,
    Shape,
    Sparse,
)
from partition.geometry.tile import Tile
from partition.result import Partition

from .by_hand import in_order

CLASSES = 10
TILES: dict[int, Tile] = {16: (8, 8, 16), 32: (2, 8, 32), 64: (8, 1, 32)}
"""Tiles by number of channels, such as partition-model finds for a trained ResNet-20."""


def resnet20(*, steps: int = 128, seed: int = 0) -> Network:
    """The network with He's weights, biases around 6 Hz and a voltage floor of one threshold below zero."""
    rng = np.random.default_rng(seed)

    def convolution(size: int, before: int, channels: int, stride: int = 1, share: float = 1.0) -> Convolution:
        spread = share * np.sqrt(2 / (size * size * before))
        return Convolution(rng.normal(0, spread, (size, size, before, channels)), (stride, stride))

    shapes: dict[str, Shape] = {"stem": (32, 32, 16)}
    projections = [Projection(INPUT, "stem", Convolution(rng.normal(0, 40.0, (3, 3, 3, 16))))]
    last, before = "stem", 16
    for stage, channels in enumerate((16, 32, 64), start=1):
        size = 64 // 2**stage
        for block in range(1, 4):
            stride = 2 if channels != before else 1
            inner, outer = f"stage{stage}_block{block}_inner", f"stage{stage}_block{block}_outer"
            shapes[inner] = shapes[outer] = (size, size, channels)
            identity = Convolution(np.eye(channels)[None, None] * 0.7)
            shortcut = convolution(1, before, channels, stride, 0.7) if stride == 2 else identity
            projections += [
                Projection(last, inner, convolution(3, before, channels, stride)),
                Projection(inner, outer, convolution(3, channels, channels, 1, 0.7)),
                Projection(last, outer, shortcut),
            ]
            last, before = outer, channels
    dense = np.kron(np.ones(64) / 64, rng.normal(0, 0.1, (CLASSES, 64)))
    projections.append(Projection(last, "output", Sparse(sparse.csr_array(dense))))
    populations = tuple(
        Population(
            name,
            "conv",
            shape,
            np.broadcast_to(rng.normal(6.0, 4.0, shape[2]), shape).copy(),
            100.0,
            on_chip=name != "stem",
            neuron=Neuron(floor=-1.0) if name != "stem" else HOST,
        )
        for name, shape in shapes.items()
    )
    readout = Readout("output", (1, 1, CLASSES), np.zeros((1, 1, CLASSES)), "softmax")
    return Network(Input((32, 32, 3)), populations, tuple(projections), (readout,), timesteps=steps)


def partition(network: Network, cores: int = 128) -> Partition:
    """Blocks in order, ``cores`` to each chip."""
    return in_order(network, {p.name: TILES[p.shape[2]] for p in network.chip_populations}, cores)


def images(number: int, seed: int = 1) -> np.ndarray:
    """Smooth random images in [0, 1], shape (number, 32, 32, 3)."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((number, 4, 4, 3), np.float32)
    fine = rng.random((number, 32, 32, 3), np.float32)
    return coarse.repeat(8, axis=1).repeat(8, axis=2) * np.float32(0.7) + fine * np.float32(0.3)
