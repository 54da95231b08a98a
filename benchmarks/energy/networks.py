"""Small networks with random weights, on one chip: what is compared with SANA-FE."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from benchmarks.emulator import unet
from benchmarks.emulator.by_hand import in_order
from benchmarks.emulator.calibrate import calibrated
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

STEPS = 64
RATE_HZ = 60.0


def subjects() -> dict[str, tuple[Network, Partition, np.ndarray]]:
    """By name: the network, its partition, an image of shape (rows, columns, channels)."""
    return {
        "three convolutions": _calibrated(convolutions(), {"a": (8, 8, 8), "b": (8, 8, 8), "c": (4, 4, 16)}),
        "dense layers": _calibrated(dense(), dict.fromkeys(("a", "b", "c"), (1, 1, 32))),
        "small U-Net": _calibrated(
            replace(unet.unet(16, (8, 16, 16), steps=STEPS)),
            {
                name: (min(rows, 16), min(columns, 16), min(channels, 4096 // (rows * columns * 8) or 1))
                for name, (rows, columns, channels) in _chip_shapes(unet.unet(16, (8, 16, 16)))
            },
        ),
    }


def convolutions() -> Network:
    """Three convolutions of 3x3, the last of stride 2, behind a host population of 16 x 16 x 4."""
    shapes: dict[str, Shape] = {"host": (16, 16, 4), "a": (16, 16, 16), "b": (16, 16, 16), "c": (8, 8, 32)}
    rng = np.random.default_rng(0)
    kernels = [rng.normal(0.02, 0.1, (3, 3, i, o)) for i, o in ((1, 4), (4, 16), (16, 16), (16, 32))]
    names = [INPUT, *shapes]
    strides = [(1, 1), (1, 1), (1, 1), (2, 2)]
    links = [
        Projection(source, target, Convolution(kernel, stride))
        for source, target, kernel, stride in zip(names, shapes, kernels, strides, strict=False)
    ]
    return _network((16, 16, 1), shapes, links)


def dense() -> Network:
    """256 - 256 - 128 - 64 neurons, all connected with all."""
    shapes: dict[str, Shape] = {"host": (1, 1, 256), "a": (1, 1, 256), "b": (1, 1, 128), "c": (1, 1, 64)}
    rng = np.random.default_rng(1)
    links = [Projection(INPUT, "host", Convolution(rng.normal(0.05, 0.2, (1, 1, 64, 256))))]
    links += [
        Projection(a, b, Sparse(sparse.csr_array(rng.normal(0.02, 0.1, (shapes[b][2], shapes[a][2])))))
        for a, b in (("host", "a"), ("a", "b"), ("b", "c"))
    ]
    return _network((1, 1, 64), shapes, links)


def _network(image: Shape, shapes: dict[str, Shape], links: list[Projection]) -> Network:
    populations = tuple(
        Population(
            name, "layer", shape, np.full(shape, 20.0), 100.0, on_chip=name != "host",
            neuron=HOST if name == "host" else Neuron(),
        )
        for name, shape in shapes.items()
    )  # fmt: skip
    last = list(shapes.values())[-1]
    readout = Readout("output", last, np.zeros(last))
    links = [*links, Projection("c", "output", Convolution(np.eye(last[2])[None, None]))]
    return Network(Input(image), populations, tuple(links), (readout,), timesteps=STEPS)


def _chip_shapes(network: Network) -> list[tuple[str, Shape]]:
    return [(p.name, p.shape) for p in network.chip_populations]


def _calibrated(network: Network, tiles: dict[str, Tile]) -> tuple[Network, Partition, np.ndarray]:
    image = np.random.default_rng(2).random(network.input.shape)
    cut = in_order(network, tiles)
    return calibrated(network, cut, image, rate_hz=RATE_HZ, steps=STEPS), cut, image
