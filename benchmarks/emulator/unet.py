"""A U-Net of 11 spiking layers with random weights, and a partition of it: what the emulator's speed is measured on.

Convolutions of 3x3, 2x2 average pooling composed into the convolution after it (6x6 kernels of stride 2), transposed
convolutions of 2x2 and stride 2, skips as second projections: the shape that a converted Keras U-Net has.
"""

from __future__ import annotations

import numpy as np

from convert.network import (
    HOST,
    INPUT,
    Convolution,
    ConvolutionTranspose,
    Input,
    Network,
    Neuron,
    Population,
    Projection,
    Readout,
    Shape,
)
from partition.geometry.tile import Tile
from partition.result import Partition

from .by_hand import in_order

BIAS_HZ = 6.0
"""The mean bias, before scaling."""


def pooled(kernel: np.ndarray) -> np.ndarray:
    """2x2 average pooling and then ``kernel`` (stride 1, 'same') as one kernel of stride 2."""
    rows, columns = kernel.shape[:2]
    result = np.zeros((2 * rows, 2 * columns, *kernel.shape[2:]))
    for a in range(2):
        for b in range(2):
            result[a::2, b::2] = kernel / 4
    return result


def unet(
    size: int = 64,
    filters: tuple[int, int, int] = (16, 32, 64),
    *,
    synapse_s: float = 0.0,
    steps: int = 400,
    seed: int = 0,
) -> Network:
    """The network with He's weights; ``calibrate.calibrated`` sets its rates."""
    rng = np.random.default_rng(seed)
    a, b, c = filters
    half, quarter = size // 2, size // 4

    def kernel(rows: int, channels_in: int, channels: int, share: float = 1.0) -> np.ndarray:
        return rng.normal(0, share * np.sqrt(2 / (rows * rows * channels_in)), (rows, rows, channels_in, channels))

    shapes: dict[str, Shape] = {"down1a": (size, size, a)}
    projections = [Projection(INPUT, "down1a", Convolution(kernel(3, 1, a) * 30.0))]

    def add(name: str, shape: Shape, *links: tuple[str, object]) -> None:
        shapes[name] = shape
        projections.extend(Projection(source, name, transform) for source, transform in links)  # type: ignore[arg-type]

    add("down1b", (size, size, a), ("down1a", Convolution(kernel(3, a, a))))
    add("down2a", (half, half, b), ("down1b", Convolution(pooled(kernel(3, a, b)), (2, 2))))
    add("down2b", (half, half, b), ("down2a", Convolution(kernel(3, b, b))))
    add("middle_a", (quarter, quarter, c), ("down2b", Convolution(pooled(kernel(3, b, c)), (2, 2))))
    add("middle_b", (quarter, quarter, c), ("middle_a", Convolution(kernel(3, c, c))))
    add("up2", (half, half, b), ("middle_b", ConvolutionTranspose(kernel(2, c, b) * 2, (2, 2))))
    skip2 = ("down2b", Convolution(kernel(3, b, b, 0.7)))
    add("up2a", (half, half, b), ("up2", Convolution(kernel(3, b, b, 0.7))), skip2)
    add("up2b", (half, half, b), ("up2a", Convolution(kernel(3, b, b))))
    add("up1", (size, size, a), ("up2b", ConvolutionTranspose(kernel(2, b, a) * 2, (2, 2))))
    skip1 = ("down1b", Convolution(kernel(3, a, a, 0.7)))
    add("up1a", (size, size, a), ("up1", Convolution(kernel(3, a, a, 0.7))), skip1)
    add("up1b", (size, size, a), ("up1a", Convolution(kernel(3, a, a))))
    projections.append(Projection("up1b", "output", Convolution(kernel(1, a, 2))))
    populations = tuple(
        Population(
            name,
            "conv",
            shape,
            np.broadcast_to(rng.normal(BIAS_HZ, 4.0, shape[2]), shape).copy(),
            100.0,
            on_chip=name != "down1a",
            neuron=Neuron() if name != "down1a" else HOST,
            synapse_s=synapse_s if name != "down1a" else 0.0,
        )
        for name, shape in shapes.items()
    )
    readout = Readout("output", (size, size, 2), np.zeros((size, size, 2)))
    return Network(Input((size, size, 1)), populations, tuple(projections), (readout,), timesteps=steps)


TILES: dict[str, Tile] = {
    "down1b": (8, 8, 16),
    "up1": (8, 8, 16),
    "up1a": (8, 8, 8),
    "up1b": (8, 8, 16),
    "down2a": (8, 8, 8),
    "down2b": (4, 4, 16),
    "up2": (8, 8, 8),
    "up2a": (8, 8, 4),
    "up2b": (8, 8, 8),
    "middle_a": (8, 8, 4),
    "middle_b": (4, 4, 8),
}
"""Blocks that nengo_loihi accepts: neither weights nor axons too many for a core."""


def partition(network: Network, cores: int = 128) -> Partition:
    """Blocks in order, ``cores`` to each chip."""
    return in_order(network, TILES, cores)


def images(number: int, size: int = 64, seed: int = 1) -> np.ndarray:
    """Smooth random images in [0, 1], shape (number, size, size, 1)."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((number, size // 8, size // 8))
    return np.kron(coarse, np.ones((8, 8)))[..., None] * 0.7 + rng.random((number, size, size, 1)) * 0.3
