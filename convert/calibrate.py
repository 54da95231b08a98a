"""Calibration without training: from the image to the output, layer by layer, on images without labels.

Every layer of the spiking network is run on what the calibrated layers before it deliver, and set beside the rates of
the same network without spikes: the step of arrival starts its bias, least squares fit its weights to its sources, and
a gain per channel makes up for what its own resets lose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .gains import fit_gains
from .late_biases import arrival_step
from .lower import with_gains
from .network import INPUT, ConvertedNetwork
from .refit import refitted
from .spiking import RatesHz, Trains, arriving, drive_hz, encode, unused

SETTLING_STEPS = 16
"""Rates are taken from so many steps after the arrival on."""


@dataclass(frozen=True)
class Calibration:
    """The calibrated network, biases still from step 0 on; gains (channels,) and step of arrival by chip population."""

    network: ConvertedNetwork
    gains: dict[str, NDArray[np.float64]]
    arrival: dict[str, int]


def calibrate_spiking(
    network: ConvertedNetwork,
    images: NDArray[np.float32],
    advance: Callable[[int], None] = lambda steps: None,
    *,
    wanted_hz: RatesHz | None = None,
) -> Calibration:
    """``network`` calibrated on raw ``images`` over its ``timesteps``; ``advance`` is called once per population.

    ``wanted_hz`` has the drives, shape (images, *shape), that populations should get: those of the network without
    spikes, unless another one is to be followed.
    """
    trains: dict[str, Trains] = {}
    rates_hz: dict[str, NDArray[np.float32]] = {INPUT: images}
    gains: dict[str, NDArray[np.float64]] = {}
    arrival: dict[str, int] = {}
    for name in [population.name for population in network.populations]:
        population = network.population(name)
        wanted = drive_hz(network, population, rates_hz) if wanted_hz is None else wanted_hz[name]
        rates_hz[name] = np.maximum(wanted, 0)
        if population.on_chip:
            drive = arriving(network, population, trains)
            arrival[name] = arrival_step(drive)
            settled = min(arrival[name] + SETTLING_STEPS, network.timesteps * 3 // 4)
            delivered = {p.source: _delivered_hz(network, p.source, trains, settled) for p in network.into(name)}
            fitted = refitted(network, name, delivered, wanted)
            if fitted is not network:
                network, population = fitted, fitted.population(name)
                drive = arriving(network, population, trains)
            mean_hz = rates_hz[name].mean(axis=(0, 1, 2), dtype=np.float64)
            gains[name], trains[name] = fit_gains(
                network, population, drive, mean_hz, bias_from=arrival[name], settled=settled
            )
        else:
            trains[name] = encode(network, wanted)
        for source in unused(network, name, trains):
            del trains[source], rates_hz[source]
        advance(1)
    return Calibration(with_gains(network, gains), gains, arrival)


def _delivered_hz(
    network: ConvertedNetwork, source: str, trains: dict[str, Trains], settled: int
) -> NDArray[np.float32]:
    """Mean rates of ``source`` as they reach the next layer, a step later, from step ``settled`` on."""
    mean = trains[source][:, settled - 1 : -1].mean(axis=1) / network.dt_s
    return np.asarray(mean.reshape(-1, *network.shape_of(source)), dtype=np.float32)
