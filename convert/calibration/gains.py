"""One gain per channel against the overshoot that a hard reset loses: without it a deep network falls silent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convert.network import Network, Population

from .deliveries import DriveOf
from .firing import fire

ROUNDS = 2
"""Corrections per population: the second sees the rates that the first has made."""

LIMITS = (0.5, 3.0)
"""Gains outside would hide a network that fails for another reason: those of working ones are 1.0 to 1.5."""


def fit_gains(
    network: Network,
    population: Population,
    drive: DriveOf,
    wanted_hz: NDArray[np.float32],
    *,
    bias_from: int,
    settled: int,
) -> NDArray[np.float64]:
    """The gain of each channel with which its mean rate from step ``settled`` on is that of ``wanted_hz``, shape
    (images, *shape)."""
    channels = population.shape[2]
    mean_hz = wanted_hz.mean(axis=(0, 1, 2), dtype=np.float64)
    gain = np.ones(channels)
    for _ in range(ROUNDS):
        spikes = fire(network, population, drive, len(wanted_hz), gain, bias_from)
        rate_hz = spikes.share(settled).reshape(-1, channels).mean(axis=0, dtype=np.float64) / network.dt_s
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = np.clip(gain * np.where(rate_hz > 0, mean_hz / rate_hz, 1.0), *LIMITS)
    return gain
