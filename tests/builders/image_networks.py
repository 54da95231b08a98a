"""Small converted networks with random weights, and images for them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from convert.network.network import INPUT, ConvertedNetwork, Convolution, Population, Projection, Readout


def chain(layers: int = 3, bias_hz: float = 20.0, timesteps: int = 256) -> ConvertedNetwork:
    """image -> host -> ``layers`` chip populations of 6 x 6 x 4 with random kernels -> readout."""
    rng = np.random.default_rng(3)
    shape = (6, 6, 4)
    names = [f"p{i}" for i in range(layers + 1)]
    populations = tuple(
        Population(n, "Conv2D", shape, np.full(shape, 100.0 if i == 0 else bias_hz), 100.0, i > 0, -1.0 if i else 0.0)
        for i, n in enumerate(names)
    )
    first = Projection(INPUT, "p0", Convolution(rng.uniform(0, 40, (3, 3, 1, 4))))
    rest = [Projection(a, b, Convolution(rng.normal(0.02, 0.15, (3, 3, 4, 4)))) for a, b in pairwise(names)]
    readout = Readout("out", (6, 6, 4), np.zeros((6, 6, 4)))
    return ConvertedNetwork((6, 6, 1), populations, (first, *rest), (readout,), timesteps=timesteps)


def images(count: int = 4, seed: int = 0):  # type: ignore[no-untyped-def]
    return np.random.default_rng(seed).uniform(0, 1, (count, 6, 6, 1)).astype(np.float32)
