"""One gain per channel against the overshoot that a hard reset loses: without it a deep network falls silent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .network import ConvertedNetwork, Population
from .spiking import Drive, Trains, fire

ROUNDS = 2
"""Corrections per population: the second sees the rates that the first has made."""

LIMITS = (0.5, 3.0)
"""Gains outside would hide a network that fails for another reason."""


def fit_gains(
    network: ConvertedNetwork,
    population: Population,
    drive: Drive,
    wanted_hz: NDArray[np.float64],
    *,
    bias_from: int,
    settled: int,
) -> tuple[NDArray[np.float64], Trains]:
    """The gain of each channel with which its mean rate from step ``settled`` on is ``wanted_hz``, shape (channels,),
    and the spikes with it."""
    channels = population.shape[2]
    gain = np.ones(channels)
    spikes = fire(network, population, drive, gain, bias_from)
    for _ in range(ROUNDS):
        rate_hz = spikes[:, settled:].reshape(-1, channels).mean(axis=0) / network.dt_s
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = np.clip(gain * np.where(rate_hz > 0, wanted_hz / rate_hz, 1.0), *LIMITS)
        spikes = fire(network, population, drive, gain, bias_from)
    return gain, spikes
