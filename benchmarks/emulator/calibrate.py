"""Weights scaled until every population of a network with random weights spikes as often as is asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convert.network import Network, Sparse
from deploy.emulator import compile_network, drives_hz, run
from partition.result import Partition


def calibrated(
    network: Network, cut: Partition, image: np.ndarray, *, rate_hz: float, rounds: int = 10, steps: int = 250
) -> Network:
    """The network with each population's weights and biases scaled until its mean rate is near ``rate_hz``."""
    for _ in range(rounds):
        (result,) = run(compile_network(network, cut), drives_hz(network, image[None]), steps)
        rates = {p.name: result.counts[p.name].spikes / p.neurons / steps / network.dt_s for p in network.populations}
        scale = {name: float(np.clip((rate_hz / max(rate, 0.1)) ** 0.8, 0.3, 3)) for name, rate in rates.items()}
        network = network.with_(
            populations=tuple(replace(p, bias_hz=p.bias_hz * scale[p.name]) for p in network.populations),
            projections=tuple(
                replace(p, transform=p.transform.scaled(scale[p.target]))
                if p.target in scale and not isinstance(p.transform, Sparse)
                else p
                for p in network.projections
            ),
        )
    return network
