"""One layer of the spiking network after the other, in floating point, on a few images: what calibration looks at.

The rules are the chip's (hard reset, one spike per step, a spike takes one step to the next layer), its floors those of
the integers; weights are not yet integers. A layer runs through all its steps before the next one starts, for the
network is feed-forward.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from convert.frontends.original import Images
from convert.network import INPUT, Network, Population, Shape, SharedKernel, Taps, Transform
from convert.network.quantize import chip_neuron
from convert.network.tensorflow_form import apply
from convert.upstream.numba_cache import cached_njit

from .spike_trains import SpikeTrains, for_each

WORK = 2**29
"""Neurons x steps x images of the widest layer that calibration looks at; beyond, fewer images are used."""


RatesHz = Mapping[str, NDArray[np.float32]]
"""Rates by population, shape (images, *shape)."""

Spikes = NDArray[np.uint8]
"""1 for a spike, shape (steps, neurons)."""

Drive = NDArray[np.float32]
"""What one image brings to neurons in each step, in thresholds, shape (steps, neurons)."""

DriveOf = Callable[[int], Drive]
"""From an image's number to its drive."""


def affordable(network: Network, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """As many of ``images`` as can be simulated in a few minutes."""
    widest = max(population.neurons for population in network.populations)
    return images[: max(1, WORK // (widest * network.timesteps))]


def drive_hz(network: Network, population: Population, rates_hz: RatesHz) -> NDArray[np.float32]:
    """Drive of ``population``, shape (images, *shape), if its sources fire at ``rates_hz``."""
    projections = network.into(population.name)
    total = sum(np.asarray(apply(p.transform, rates_hz[p.source], population.shape)) for p in projections)
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


def arriving(network: Network, population: Population, trains: Mapping[str, SpikeTrains]) -> DriveOf:
    """What the spikes ``trains`` of its sources bring to ``population``, without its bias."""
    into = [
        (trains[p.source], _delivery(p.transform, network.shape_of(p.source), population.shape))
        for p in network.into(population.name)
    ]

    def image(k: int) -> Drive:
        drive = np.zeros((network.timesteps, population.neurons), dtype=np.float32)
        for source, deliver in into:
            deliver(source.of(k)[:-1], drive[1:])
        return drive

    return image


Delivery = Callable[[NDArray[np.uint8], Drive], None]
"""Adds what one image's spikes (steps, source neurons) bring to its drive (steps, target neurons)."""


@singledispatch
def _delivery(transform: Transform, source: Shape, target: Shape) -> Delivery:
    """What ``transform`` does with spikes."""
    by_source = transform.as_matrix(source, target).astype(np.float32).tocsc()
    return lambda spikes, drive: _deliver_columns(spikes, by_source.indptr, by_source.indices, by_source.data, drive)


@_delivery.register
def _(transform: SharedKernel, source: Shape, target: Shape) -> Delivery:
    kernel = transform.kernel.astype(np.float32)
    of_rows, of_columns = transform.axes(source, target)
    rows, columns = _targets(of_rows, kernel.shape[0]), _targets(of_columns, kernel.shape[1])
    return lambda spikes, drive: _deliver(
        spikes.reshape(-1, *source), kernel, rows, columns, drive.reshape(-1, *target)
    )


@cached_njit(nogil=True)
def _deliver_columns(
    spikes: Spikes, pointer: NDArray[np.int64], targets: NDArray[np.int64], weights: Drive, drive: Drive
) -> None:
    """Adds the weights of every spike's source: source n has them in pointer[n] to pointer[n + 1]."""
    for t in range(spikes.shape[0]):
        for n in range(spikes.shape[1]):
            if spikes[t, n]:
                for k in range(pointer[n], pointer[n + 1]):
                    drive[t, targets[k]] += weights[k]


def _targets(taps: Taps, size: int) -> NDArray[np.int64]:
    """Where each of ``size`` taps takes each source position, shape (size, source positions); -1 for nowhere."""
    found = np.full((size, len(taps)), -1)
    source, target = np.nonzero(taps >= 0)
    found[taps[source, target], source] = target
    return found


@cached_njit(nogil=True)
def _deliver(spikes: Spikes, kernel: Drive, to_row: Taps, to_column: Taps, drive: Drive) -> None:
    """Adds the kernel's weights around every spike: spikes and drive (steps, rows, columns, channels)."""
    steps, rows, columns, channels = spikes.shape
    for t in range(steps):
        for r in range(rows):
            for c in range(columns):
                for i in range(channels):
                    if spikes[t, r, c, i]:
                        for y in range(to_row.shape[0]):
                            for x in range(to_column.shape[0]):
                                row, column = to_row[y, r], to_column[x, c]
                                if row >= 0 and column >= 0:
                                    for o in range(kernel.shape[3]):
                                        drive[t, row, column, o] += kernel[y, x, i, o]


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
    keep = np.float32(np.exp(-network.dt_s / population.synapse_s)) if population.synapse_s else np.float32(0)
    bias = np.float32(population.bias_hz * gain * network.dt_s).ravel()
    floor, leftover = np.float32(population.neuron.floor), np.float32(1 - population.neuron.chip_leak)

    def image(k: int) -> None:
        trains.set(k, _integrate(drive(k), gain.astype(np.float32), bias, bias_from, keep, floor, leftover))

    for_each(images, image)
    return trains


@cached_njit(nogil=True)
def _integrate(
    drive: Drive,
    gain: Drive,
    bias: Drive,
    bias_from: int,
    keep: np.float32,
    floor: np.float32,
    leftover: np.float32,
) -> Spikes:
    """Hard-reset neurons, drive (steps, neurons) and bias in thresholds, ``gain`` by channel; their spikes.

    In a step a current keeps the share ``keep``, a voltage ``leftover``.
    """
    steps, neurons = drive.shape
    spikes = np.empty(drive.shape, dtype=np.uint8)
    current = np.zeros(neurons, dtype=np.float32)
    voltage = np.zeros(neurons, dtype=np.float32)
    one = np.float32(1)
    for t in range(steps):
        for n in range(neurons):
            arrived = drive[t, n] * gain[n % gain.size]
            if t >= bias_from:
                arrived += bias[n]
            current[n] = keep * current[n] + (one - keep) * arrived
            v = max(leftover * voltage[n] + current[n], floor)
            fired = v > one
            spikes[t, n] = fired
            voltage[n] = np.float32(0) if fired else v
    return spikes


def simulated(network: Network, arrival: Mapping[str, int], images: Images) -> Iterator[tuple[Population, SpikeTrains]]:
    """Each population with its spikes on raw ``images``; chip populations get their bias from step ``arrival`` on."""
    trains: dict[str, SpikeTrains] = {}
    for population in network.populations:
        name = population.name
        if population.on_chip:
            drive = arriving(network, population, trains)
            on_chip = replace(population, neuron=chip_neuron(network, name))
            trains[name] = fire(network, on_chip, drive, len(images), np.ones(population.shape[2]), arrival[name])
        else:
            trains[name] = (
                replayed(network, images)
                if network.replays(population)
                else encode(network, drive_hz(network, population, {INPUT: images}))
            )
        yield population, trains[name]
        for source in unused(network, name, trains):
            del trains[source]


def unused(network: Network, done: str, held: Mapping[str, object]) -> list[str]:
    """What of ``held`` no population after ``done`` needs."""
    last_target = {p.source: p.target for p in network.projections}
    return [source for source in held if last_target.get(source) == done]
