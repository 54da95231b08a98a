"""Firing rates of a network, from the spikes that it fires on images: what the partition plans with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from convert.frontends.original import Images
from convert.network import Network, Population

from .simulate import simulated
from .spike_trains import SpikeTrains

PEAK_PERCENT = 95
"""A neuron's peak rate is this percentile of its rate over the images, the lower of two where it lies between them."""

Rates = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class FiringRates:
    """Of every neuron the mean rate in Hz over whole presentations, and its 95th percentile over the images."""

    mean_hz: Rates = field(default_factory=dict)
    peak_hz: Rates = field(default_factory=dict)

    def with_(self, population: Population, spikes: SpikeTrains, dt_s: float) -> FiringRates:
        """These rates and those of one more population."""
        return self.with_rates(population, spikes.share(0) / np.float32(dt_s))

    def with_rates(self, population: Population, rates_hz: NDArray[np.float32]) -> FiringRates:
        """These rates and those of one more population, (images, neurons)."""
        mean_hz = rates_hz.mean(axis=0, dtype=np.float64).astype(np.float32)
        peak_hz = np.percentile(rates_hz, PEAK_PERCENT, axis=0, method="lower").astype(np.float32)
        return FiringRates(
            {**self.mean_hz, population.name: mean_hz.reshape(population.shape)},
            {**self.peak_hz, population.name: peak_hz.reshape(population.shape)},
        )


def measure_firing_rates(network: Network, arrival: Mapping[str, int], images: Images) -> FiringRates:
    """The rates of ``network``, its biases from step ``arrival`` on, on raw ``images``."""
    found = FiringRates()
    for population, spikes in simulated(network, arrival, images):
        found = found.with_(population, spikes, network.dt_s)
    return found
