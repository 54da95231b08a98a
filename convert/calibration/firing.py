"""Neurons by the chip's rules, in floating point: hard reset, at most one spike a step, a floor."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convert.network import Network, Population
from convert.upstream.numba_cache import cached_njit

from .deliveries import Drive, DriveOf, Spikes
from .spike_trains import SpikeTrains, for_each


class Equation(NamedTuple):
    """``gain``, by channel, multiplies what arrives; ``bias``, in thresholds, sets in at step ``bias_from``.

    In a step a current keeps the share ``keep``, a voltage ``leftover``; ``floor`` is in thresholds.
    """

    gain: NDArray[np.float32]
    bias: NDArray[np.float32]
    bias_from: int
    keep: np.float32
    floor: np.float32
    leftover: np.float32


class Moving(NamedTuple):
    """What lasts from step to step, shape (neurons,)."""

    current: NDArray[np.float32]
    voltage: NDArray[np.float32]


def equation_of(network: Network, population: Population, gain: NDArray[np.float64], bias_from: int) -> Equation:
    """The equation of ``population`` whose drive and bias are multiplied by ``gain``."""
    keep = np.float32(np.exp(-network.dt_s / population.synapse_s)) if population.synapse_s else np.float32(0)
    bias = np.float32(population.bias_hz * gain * network.dt_s).ravel()
    floor, leftover = np.float32(population.neuron.floor), np.float32(1 - population.neuron.chip_leak)
    return Equation(gain.astype(np.float32), bias, bias_from, keep, floor, leftover)


def at_rest(neurons: int) -> Moving:
    return Moving(np.zeros(neurons, np.float32), np.zeros(neurons, np.float32))


def fire(
    network: Network,
    population: Population,
    drive: DriveOf,
    images: int,
    gain: NDArray[np.float64],
    bias_from: int,
) -> SpikeTrains:
    """Spikes when ``gain``, by channel, multiplies what arrives and the bias, which sets in at step ``bias_from``."""
    trains = SpikeTrains.silent(images, network.timesteps, population.neurons)
    equation = equation_of(network, population, gain, bias_from)

    def image(k: int) -> None:
        trains.set(k, integrate(drive(k), 0, equation, at_rest(population.neurons)))

    for_each(images, image)
    return trains


@cached_njit(nogil=True)
def integrate(drive: Drive, first: int, equation: Equation, moving: Moving) -> Spikes:
    """The spikes for ``drive`` (steps, neurons) in thresholds from step ``first`` on; ``moving`` goes on in place."""
    gain, bias, bias_from, keep, floor, leftover = equation
    current, voltage = moving
    steps, neurons = drive.shape
    spikes = np.empty(drive.shape, dtype=np.uint8)
    one = np.float32(1)
    for t in range(steps):
        for n in range(neurons):
            arrived = drive[t, n] * gain[n % gain.size]
            if first + t >= bias_from:
                arrived += bias[n]
            current[n] = keep * current[n] + (one - keep) * arrived
            v = max(leftover * voltage[n] + current[n], floor)
            fired = v > one
            spikes[t, n] = fired
            voltage[n] = np.float32(0) if fired else v
    return spikes
