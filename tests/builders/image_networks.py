"""Small converted networks with random weights, and images for them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from convert.network import INPUT, Convolution, Input, Network, Projection, Readout
from tests.builders.populations import population


def chain(layers: int = 3, bias_hz: float = 20.0, timesteps: int = 256) -> Network:
    """image -> host -> ``layers`` chip populations of 6 x 6 x 4 with random kernels -> readout."""
    rng = np.random.default_rng(3)
    shape = (6, 6, 4)
    names = [f"p{i}" for i in range(layers + 1)]
    populations = tuple(
        population(n, shape, on_chip=i > 0, bias_hz=bias_hz if i else 100.0, floor=-1.0) for i, n in enumerate(names)
    )
    first = Projection(INPUT, "p0", Convolution(rng.uniform(0, 40, (3, 3, 1, 4))))
    rest = [Projection(a, b, Convolution(rng.normal(0.02, 0.15, (3, 3, 4, 4)))) for a, b in pairwise(names)]
    readout = Readout("out", (6, 6, 4), np.zeros((6, 6, 4)))
    return Network(Input((6, 6, 1)), populations, (first, *rest), (readout,), timesteps=timesteps)


def images(count: int = 4, seed: int = 0):  # type: ignore[no-untyped-def]
    return np.random.default_rng(seed).uniform(0, 1, (count, 6, 6, 1)).astype(np.float32)
