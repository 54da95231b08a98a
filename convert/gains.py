"""Calibration without training: a gain per channel against the hard reset, and biases that come with the wave.

A Loihi neuron forgets its overshoot at every spike, so each layer of a converted network fires too little and a deep
network falls silent. And a bias acts from the first step on, long before the image has come through to its layer: until
then it makes neurons fire, or pushes them to the floor of their voltage, for an image that is not there.

From the image to the output, layer by layer, the spiking network is run on calibration images. The step at which the
drive of a layer arrives starts its bias, which a neuron of the host delivers as spikes; each channel's mean rate from
then on is compared with the rate that Keras asks for, and their ratio multiplies what enters the channel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .lower import with_gains
from .network import INPUT, ConvertedNetwork, Population, Projection, Sparse
from .transforms import apply

ROUNDS = 2
"""Corrections per population: the second sees the rates that the first has made."""

LIMITS = (0.5, 3.0)
"""Gains outside would hide a network that fails for another reason."""

ARRIVED = 0.5
"""A drive has arrived when its mean size is this share of its mean over the second half of the steps."""

SETTLING_STEPS = 16
"""Rates are taken from so many steps after the arrival on."""

DRIVES_AT_A_TIME = 2**28
"""Neurons x steps x images of drive held in memory at once; beyond, fewer images are used."""

CLOCK = "clock"

Trains = NDArray[np.uint8]
"""Spikes, shape (images, steps, neurons)."""


@dataclass(frozen=True)
class Calibration:
    """Gains (channels,) and the step of arrival of every chip population, and the network that has both."""

    network: ConvertedNetwork
    gains: dict[str, NDArray[np.float64]]
    arrival: dict[str, int]


def calibrate_gains(
    network: ConvertedNetwork,
    images: NDArray[np.float32],
    targets_hz: Mapping[str, NDArray[np.float64]],
    advance: Callable[[int], None] = lambda steps: None,
) -> Calibration:
    """Gains and late biases for ``network`` over ``network.timesteps`` steps.

    ``targets_hz`` has each chip population's mean rate by channel on ``images`` (raw pixels); ``advance`` is called
    once per population.
    """
    last_target = {p.source: p.target for p in network.projections}
    trains: dict[str, Trains] = {}
    gains: dict[str, NDArray[np.float64]] = {}
    arrival: dict[str, int] = {}
    for population in network.populations:
        name, into = population.name, network.into(population.name)
        if population.on_chip:
            drive = _drive(network, population, into, trains)
            arrival[name] = arrival_step(drive)
            gains[name], trains[name] = _fit(network, population, drive, arrival[name], targets_hz[name])
        else:
            trains[name] = _encode(network, population, into, images)
        for source in [source for source in trains if last_target.get(source) == name]:
            del trains[source]
        advance(1)
    return Calibration(with_late_biases(with_gains(network, gains), arrival), gains, arrival)


def few_enough(network: ConvertedNetwork, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """As many of ``images`` as can be simulated at once."""
    widest = max(population.neurons for population in network.populations)
    return images[: max(1, DRIVES_AT_A_TIME // (widest * network.timesteps))]


def arrival_step(drive: NDArray[np.float32]) -> int:
    """The first step, at least 1, at which ``drive``, shape (images, steps, neurons), has arrived."""
    size = np.convolve(np.abs(drive).mean(axis=(0, 2)), np.ones(3) / 3, mode="same")
    return max(1, int(np.argmax(size > ARRIVED * size[len(size) // 2 :].mean())))


def with_late_biases(network: ConvertedNetwork, arrival: Mapping[str, int]) -> ConvertedNetwork:
    """``network`` whose chip populations get their bias from step ``arrival`` on, as spikes of a host neuron.

    One host neuron per arrival step fires in every step from the one before it on; a spike takes one step to the chip.
    """
    clock_hz = 1 / network.dt_s
    clocks, projections = {}, []
    for name, step in arrival.items():
        bias_hz = network.population(name).bias_hz
        if bias_hz.any():
            clock = f"{CLOCK}@{step}"
            clocks[clock] = Population(clock, "Clock", (1, 1, 1), np.full((1, 1, 1), clock_hz), clock_hz, False,
                                       start_step=step - 1)
            weights = sparse.csr_array(bias_hz.reshape(-1, 1) / clock_hz)
            projections.append(Projection(clock, name, Sparse(weights)))
    silent = tuple(
        replace(p, bias_hz=np.zeros(p.shape)) if p.name in arrival else p for p in network.populations
    )
    return replace(
        network, populations=(*clocks.values(), *silent), projections=(*network.projections, *projections)
    )


def _encode(
    network: ConvertedNetwork, population: Population, into: tuple[Projection, ...], images: NDArray[np.float32]
) -> Trains:
    """Spikes of a host population: the steps of the floor of its integrated drive."""
    assert all(p.source == INPUT for p in into)
    drive_hz = np.broadcast_to(population.bias_hz, (len(images), *population.shape)).copy()
    for projection in into:
        drive_hz += np.asarray(apply(projection.transform, images, population.shape), dtype=np.float64)
    per_step = np.maximum(drive_hz, 0).reshape(len(images), 1, -1) * network.dt_s
    steps = np.arange(network.timesteps + 1).reshape(1, -1, 1)
    return np.minimum(np.diff(np.floor(per_step * steps), axis=1), 1).astype(np.uint8)


def _drive(
    network: ConvertedNetwork, population: Population, into: tuple[Projection, ...], trains: Mapping[str, Trains]
) -> NDArray[np.float32]:
    """What arrives by spikes, in thresholds, shape (images, steps, neurons); a spike takes one step."""
    count, steps = next(iter(trains.values())).shape[:2]
    drive = np.zeros((count, steps, population.neurons), dtype=np.float32)
    for projection in into:
        shape = network.shape_of(projection.source)
        for image, train in zip(drive, trains[projection.source], strict=True):
            arrived = apply(projection.transform, train[:-1].reshape(-1, *shape), population.shape)
            image[1:] += np.asarray(arrived).reshape(steps - 1, -1)
    return drive


def _fit(
    network: ConvertedNetwork,
    population: Population,
    drive: NDArray[np.float32],
    arrival: int,
    target_hz: NDArray[np.float64],
) -> tuple[NDArray[np.float64], Trains]:
    """The gain of each channel and the spikes with it."""
    steps, channels = network.timesteps, population.shape[2]
    settled = min(arrival + SETTLING_STEPS, steps * 3 // 4)
    keep = np.float32(np.exp(-network.dt_s / network.synapse_s)) if network.synapse_s else np.float32(0)
    spikes = np.empty(drive.shape, dtype=np.uint8)
    gain = np.ones(channels)
    for attempt in range(ROUNDS + 1):
        bias = np.float32(population.bias_hz * gain * network.dt_s).ravel()
        for image, out in zip(drive, spikes, strict=True):
            _integrate(image, np.float32(gain), bias, arrival, keep, np.float32(population.vmin), out)
        if attempt < ROUNDS:
            rate_hz = spikes[:, settled:].reshape(-1, channels).mean(axis=0) / network.dt_s
            with np.errstate(divide="ignore", invalid="ignore"):
                gain = np.clip(gain * np.where(rate_hz > 0, target_hz / rate_hz, 1.0), *LIMITS)
    return gain, spikes


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _integrate(drive: Any, gain: Any, bias: Any, arrival: int, keep: Any, vmin: Any, spikes: Any) -> None:
    """Hard-reset neurons, drive (steps, neurons) and bias in thresholds, ``gain`` by channel; spikes out."""
    steps, neurons = drive.shape
    current = np.zeros(neurons, dtype=np.float32)
    voltage = np.zeros(neurons, dtype=np.float32)
    one = np.float32(1)
    for t in range(steps):
        for n in range(neurons):
            arrived = drive[t, n] * gain[n % gain.size]
            if t >= arrival:
                arrived += bias[n]
            current[n] = keep * current[n] + (one - keep) * arrived
            v = max(voltage[n] + current[n], vmin)
            fired = v > one
            spikes[t, n] = fired
            voltage[n] = np.float32(0) if fired else v
