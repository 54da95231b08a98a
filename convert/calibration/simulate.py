"""One layer of the spiking network after the other, in floating point, on a few images: what calibration looks at.

The rules are the chip's (hard reset, one spike per step, a spike takes one step to the next layer), its floors those of
the integers; weights are not yet integers. A layer runs through all its steps before the next one starts; those that
reach each other go through them together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from convert.frontends.original import Images
from convert.network import INPUT, Network, Population
from convert.network.loops import Together, in_order
from convert.network.numpy_form import apply
from convert.network.quantize import chip_neuron
from convert.upstream.numba_cache import cached_njit

from .deliveries import Spikes, arriving
from .firing import fire
from .loops import looped
from .spike_trains import SpikeTrains, for_each

WORK = 2**29
"""Neurons x steps x images of the widest layer that calibration looks at; beyond, fewer images are used."""


RatesHz = Mapping[str, NDArray[np.float32]]
"""Rates by population, shape (images, *shape)."""


def affordable(network: Network, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """As many of ``images`` as can be simulated in a few minutes."""
    widest = max(population.neurons for population in network.populations)
    return images[: max(1, WORK // (widest * network.timesteps))]


def drive_hz(network: Network, population: Population, rates_hz: RatesHz) -> NDArray[np.float32]:
    """Drive of ``population``, shape (images, *shape), if its sources fire at ``rates_hz``."""
    projections = network.into(population.name)
    total = sum(apply(p.transform, rates_hz[p.source], population.shape) for p in projections)
    return np.asarray(total + population.bias_hz, dtype=np.float32)


def encode(network: Network, drive: NDArray[np.float32]) -> SpikeTrains:
    """Spikes of host neurons for ``drive`` in Hz, shape (images, *shape): the steps of its integral's floor."""
    per_step = np.maximum(np.float64(drive), 0).reshape(len(drive), -1) * network.dt_s
    trains = SpikeTrains.silent(len(drive), network.timesteps, per_step.shape[1])
    for_each(len(drive), lambda k: trains.set(k, _encode(per_step[k], network.timesteps)))
    return trains


def replayed(network: Network, recordings: NDArray[np.float32]) -> SpikeTrains:
    """Events (recordings, steps, *network.input.shape) that are sent on: one for each neuron and step at most."""
    given = recordings.reshape(*recordings.shape[:2], -1)[:, : network.timesteps] > 0
    trains = SpikeTrains.silent(len(given), network.timesteps, given.shape[2])
    for k, one in enumerate(given):
        trains.bits[k, : len(one)] = np.packbits(one, axis=1)
    return trains


@cached_njit(nogil=True)
def _encode(per_step: NDArray[np.float64], steps: int) -> Spikes:
    """Spikes (steps, neurons) of neurons that are driven by ``per_step`` thresholds."""
    spikes = np.empty((steps, per_step.size), dtype=np.uint8)
    for t in range(steps):
        for n in range(per_step.size):
            spikes[t, n] = np.floor(per_step[n] * (t + 1)) > np.floor(per_step[n] * t)
    return spikes


def simulated(network: Network, arrival: Mapping[str, int], images: Images) -> Iterator[tuple[Population, SpikeTrains]]:
    """Each population with its spikes on raw ``images``; chip populations get their bias from step ``arrival`` on."""
    trains: dict[str, SpikeTrains] = {}
    order = in_order(network)
    for place, group in enumerate(order):
        trains |= _fired(network, group, trains, arrival, images)
        for population in group.populations:
            yield population, trains[population.name]
        needed = {p.source for later in order[place + 1 :] for name in later.names for p in network.into(name)}
        trains = {name: train for name, train in trains.items() if name in needed}


def _fired(
    network: Network, group: Together, trains: Mapping[str, SpikeTrains], arrival: Mapping[str, int], images: Images
) -> dict[str, SpikeTrains]:
    """The spikes of a population, or of those that reach each other."""
    on_chip = [replace(p, neuron=chip_neuron(network, p.name)) for p in group.populations if p.on_chip]
    if group.loops:
        return looped(network, on_chip, trains, len(images), arrival)
    (population,) = group.populations
    name = population.name
    if on_chip:
        drive, gain = arriving(network, population, trains), np.ones(population.shape[2])
        return {name: fire(network, on_chip[0], drive, len(images), gain, arrival[name])}
    if network.replays(population):
        return {name: replayed(network, images)}
    return {name: encode(network, drive_hz(network, population, {INPUT: images}))}


def unused(network: Network, done: str, held: Mapping[str, object]) -> list[str]:
    """What of ``held`` no population after ``done`` needs."""
    last_target = {p.source: p.target for p in network.projections}
    return [source for source in held if last_target.get(source) == done]
