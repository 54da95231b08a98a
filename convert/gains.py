"""One gain per channel against what a hard reset loses.

A Loihi neuron forgets its overshoot at every spike, so each layer of a converted network fires too little and a deep
network falls silent. From the image to the output, layer by layer, the spiking network is run on calibration images and
each channel's mean rate is compared with the rate that Keras asks for; their ratio multiplies what enters the channel.
No training, nothing on the chip but other weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from .lower import scaled
from .measure import apply
from .network import INPUT, ConvertedNetwork, Population, Projection

ROUNDS = 2
"""Corrections per population: the second sees the rates that the first has made."""

LIMITS = (0.5, 3.0)
"""Gains outside would hide a network that fails for another reason."""

SPIKES_AT_A_TIME = 2**26
"""Neurons x steps of drive held in memory at once."""

Trains = NDArray[np.uint8]
"""Spikes, shape (images, steps, rows, columns, channels)."""


def calibrate_gains(
    network: ConvertedNetwork,
    images: NDArray[np.float32],
    targets_hz: dict[str, NDArray[np.float64]],
    advance: Callable[[int], None] = lambda steps: None,
) -> tuple[ConvertedNetwork, dict[str, NDArray[np.float64]]]:
    """``network`` with gains, and the gains (channels,) by population.

    ``targets_hz`` has each chip population's mean rate by channel on ``images`` (raw pixels); rates are taken over the
    second half of ``network.timesteps``. ``advance`` is called once per population.
    """
    last_use = {p.source: p.target for p in network.projections}
    trains: dict[str, Trains] = {}
    populations: list[Population] = []
    projections: dict[int, Projection] = dict(enumerate(network.projections))
    gains: dict[str, NDArray[np.float64]] = {}
    for population in network.populations:
        into = {i: p for i, p in projections.items() if p.target == population.name}
        if population.on_chip:
            gain, spikes = _fit(network, population, list(into.values()), trains, targets_hz[population.name])
            gains[population.name] = gain
            population = replace(population, bias_hz=population.bias_hz * gain)
            for i, p in into.items():
                projections[i] = replace(p, transform=scaled(p.transform, gain, population.shape))
        else:
            spikes = _encode(network, population, list(into.values()), images)
        populations.append(population)
        trains[population.name] = spikes
        for source in [name for name in trains if last_use.get(name) == population.name]:
            del trains[source]
        advance(1)
    return replace(network, populations=tuple(populations), projections=tuple(projections.values())), gains


def _encode(
    network: ConvertedNetwork, population: Population, into: list[Projection], images: NDArray[np.float32]
) -> Trains:
    """Spikes of a host population: the running floor of the integrated drive, at most one a step counted."""
    assert all(p.source == INPUT for p in into)
    drive_hz = np.broadcast_to(population.bias_hz, (len(images), *population.shape)).copy()
    for projection in into:
        drive_hz += np.asarray(apply(projection.transform, images, population.shape), dtype=np.float64)
    per_step = np.maximum(drive_hz, 0)[:, None] * network.dt_s
    steps = np.arange(network.timesteps + 1).reshape(1, -1, 1, 1, 1)
    return np.minimum(np.diff(np.floor(per_step * steps), axis=1), 1).astype(np.uint8)


def _fit(
    network: ConvertedNetwork,
    population: Population,
    into: list[Projection],
    trains: dict[str, Trains],
    target_hz: NDArray[np.float64],
) -> tuple[NDArray[np.float64], Trains]:
    """The gain of each channel and the spikes with it."""
    gain = np.ones(population.shape[2])
    for _ in range(ROUNDS):
        rate_hz = _simulate(network, population, into, trains, gain)[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(rate_hz > 0, target_hz / rate_hz, 1.0)
        gain = np.clip(gain * ratio, *LIMITS)
    return gain, _simulate(network, population, into, trains, gain)[0]


def _simulate(
    network: ConvertedNetwork,
    population: Population,
    into: list[Projection],
    trains: dict[str, Trains],
    gain: NDArray[np.float64],
) -> tuple[Trains, NDArray[np.float64]]:
    """The population's spikes, and its mean rate in Hz by channel over the second half of the steps."""
    count, steps = next(iter(trains.values())).shape[:2]
    spikes = np.empty((count, steps, *population.shape), dtype=np.uint8)
    bias = np.float32(population.bias_hz * network.dt_s * gain).reshape(-1)
    keep = np.float32(np.exp(-network.dt_s / network.synapse_s)) if network.synapse_s else np.float32(0)
    for i in range(count):
        drive = np.zeros((steps, *population.shape), dtype=np.float32)
        for projection in into:
            before = trains[projection.source][i]
            drive[1:] += _in_chunks(projection, before[:-1], population)
        drive *= np.float32(gain)
        _integrate(drive.reshape(steps, -1), bias, keep, np.float32(population.vmin), spikes[i].reshape(steps, -1))
    settled = spikes[:, steps // 2 :]
    return spikes, settled.mean(axis=(0, 1, 2, 3)) / network.dt_s


def _in_chunks(projection: Projection, spikes: NDArray[np.uint8], population: Population) -> NDArray[np.float32]:
    step = max(1, SPIKES_AT_A_TIME // max(population.neurons, spikes[0].size))
    parts = [
        np.asarray(apply(projection.transform, spikes[t : t + step], population.shape))
        for t in range(0, len(spikes), step)
    ]
    return np.concatenate(parts)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _integrate(drive: Any, bias: Any, keep: Any, vmin: Any, spikes: Any) -> None:
    """Hard-reset neurons over all steps: drive (steps, neurons) in thresholds, spikes (steps, neurons) out."""
    steps, neurons = drive.shape
    current = np.zeros(neurons, dtype=np.float32)
    voltage = np.zeros(neurons, dtype=np.float32)
    one = np.float32(1)
    for t in range(steps):
        for n in range(neurons):
            current[n] = keep * current[n] + (one - keep) * drive[t, n]
            v = max(voltage[n] + current[n] + bias[n], vmin)
            fired = v > one
            spikes[t, n] = fired
            voltage[n] = np.float32(0) if fired else v
