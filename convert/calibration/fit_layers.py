"""Calibration without training: from the image to the output, layer by layer, on images without labels.

Every layer of the spiking network is run on what the calibrated layers before it deliver, and set beside the rates of
the same network without spikes: the step of arrival starts its bias, least squares fit its weights to its sources, a
gain per channel makes up for what its own resets lose, and least squares again for what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convert.network import INPUT, Network, Population
from convert.network.quantize import chip_neuron
from convert.network.rescale import with_gains

from .bias_onset import arrival_step
from .deliveries import DriveOf, arriving
from .firing import fire
from .firing_rates import FiringRates
from .fit_weights import with_fitted_weights
from .gains import fit_gains
from .simulate import RatesHz, drive_hz, encode, unused
from .spike_trains import SpikeTrains, for_each

SETTLING_STEPS = 16
"""Rates are taken from so many steps after the arrival on: a drive that has come half way is then through."""

GAIN_IMAGES = 32
"""So many images say when a drive arrives and what gains a layer needs, which are means over many neurons.

Weights are fitted to all images."""

FLOORS = 2
"""Gains change the largest weight of a core, and with it the floor, to which they are fitted again."""


@dataclass(frozen=True)
class Calibration:
    """The calibrated network, biases still from step 0 on; gains (channels,) and step of arrival by chip population;
    the rates at which all populations fired."""

    network: Network
    gains: dict[str, NDArray[np.float64]]
    arrival: dict[str, int]
    rates: FiringRates


def calibrate_spiking(
    network: Network,
    images: NDArray[np.float32],
    advance: Callable[[int], None] = lambda steps: None,
    *,
    wanted_hz: RatesHz | None = None,
) -> Calibration:
    """``network`` calibrated on raw ``images`` over its ``timesteps``; ``advance`` is called once per population.

    ``wanted_hz`` has the drives, shape (images, *shape), that populations should get: those of the network without
    spikes, unless another one is to be followed.
    """
    trains: dict[str, SpikeTrains] = {}
    rates_hz: dict[str, NDArray[np.float32]] = {INPUT: images}
    gains: dict[str, NDArray[np.float64]] = {}
    arrival: dict[str, int] = {}
    fired = FiringRates()
    for name in [population.name for population in network.populations]:
        population = network.population(name)
        wanted = drive_hz(network, population, rates_hz) if wanted_hz is None else wanted_hz[name]
        if population.on_chip:
            network, gains[name], arrival[name], trains[name] = _calibrated(network, name, trains, wanted)
        else:
            trains[name] = encode(network, wanted)
        fired = fired.with_(population, trains[name], network.dt_s)
        rates_hz[name] = np.maximum(wanted, 0)
        for source in unused(network, name, trains):
            del trains[source], rates_hz[source]
        advance(1)
    return Calibration(with_gains(network, gains), gains, arrival, fired)


def _calibrated(
    network: Network, name: str, trains: Mapping[str, SpikeTrains], wanted_hz: NDArray[np.float32]
) -> tuple[Network, NDArray[np.float64], int, SpikeTrains]:
    """``network`` with the weights of population ``name`` fitted; its gain, step of arrival and spikes then.

    Weights are fitted twice: to the drive that the layer wants, and then to what it fires too little or too much.
    """
    population, images = network.population(name), len(wanted_hz)
    few, rates_hz = min(images, GAIN_IMAGES), np.maximum(wanted_hz, 0)
    arrival = arrival_step(_mean_size(network, population, arriving(network, population, trains), few))
    settled = min(arrival + SETTLING_STEPS, network.timesteps * 3 // 4)
    # a spike reaches the next layer a step later
    delivered_hz = {p.source: _mean_hz(network, p.source, trains, settled - 1, -1) for p in network.into(name)}

    network = with_fitted_weights(network, name, delivered_hz, wanted_hz - drive_hz(network, population, delivered_hz))
    drive = arriving(network, population, trains)
    gain = np.ones(population.shape[2])
    for _ in range(FLOORS):
        population = _as_on_chip(network, name, gain)
        gain = fit_gains(network, population, drive, rates_hz[:few], bias_from=arrival, settled=settled)
    fired = fire(network, _as_on_chip(network, name, gain), drive, images, gain, arrival)

    error_hz = rates_hz - _mean_hz(network, name, {name: fired}, settled)
    lost_hz = np.where((wanted_hz > 0) | (error_hz < 0), error_hz, np.float32(0))
    again = with_fitted_weights(network, name, delivered_hz, lost_hz)
    if again is network:
        return network, gain, arrival, fired
    drive = arriving(again, population, trains)
    fired_again = fire(again, _as_on_chip(again, name, gain), drive, images, gain, arrival)
    left_hz = rates_hz - _mean_hz(network, name, {name: fired_again}, settled)
    if np.square(left_hz).mean() < np.square(error_hz).mean():
        return again, gain, arrival, fired_again
    return network, gain, arrival, fired


def _as_on_chip(network: Network, name: str, gain: NDArray[np.float64]) -> Population:
    """Population ``name`` with the floor that its integers have once its weights are multiplied by ``gain``."""
    return replace(network.population(name), neuron=chip_neuron(with_gains(network, {name: gain}), name))


def _mean_hz(
    network: Network, source: str, trains: Mapping[str, SpikeTrains], start: int, stop: int | None = None
) -> NDArray[np.float32]:
    """Mean rates of ``source``, shape (images, *shape), from step ``start`` up to ``stop``."""
    return trains[source].share(start, stop).reshape(-1, *network.shape_of(source)) / np.float32(network.dt_s)


def _mean_size(network: Network, population: Population, drive: DriveOf, images: int) -> NDArray[np.float32]:
    """Mean absolute ``drive`` over neurons and the first ``images``, shape (steps,)."""
    sizes = np.empty((images, network.timesteps), np.float32)

    def image(k: int) -> None:
        sizes[k] = np.abs(drive(k)).mean(axis=1)

    for_each(images, image)
    return np.asarray(sizes.mean(axis=0))
