"""Populations that reach each other, step by step: what fires in a step arrives in the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convert.network import Network, Population

from .deliveries import Delivery, DriveOf, arriving_over, delivery
from .firing import Equation, at_rest, equation_of, integrate
from .spike_trains import SpikeTrains, for_each


@dataclass(frozen=True)
class _Looped:
    """A population of a loop: what reaches it from outside, and from which of the loop by what."""

    population: Population
    equation: Equation
    outer: DriveOf
    inner: Sequence[tuple[str, Delivery]]


def looped(
    network: Network,
    populations: Sequence[Population],
    trains: Mapping[str, SpikeTrains],
    images: int,
    bias_from: Mapping[str, int],
) -> dict[str, SpikeTrains]:
    """The spikes of ``populations`` that reach each other; ``trains`` are those of their other sources."""
    loop = [_in_loop(network, p, populations, trains, bias_from[p.name]) for p in populations]
    made = {p.name: SpikeTrains.silent(images, network.timesteps, p.neurons) for p in populations}

    def image(k: int) -> None:
        drive = {each.population.name: each.outer(k) for each in loop}
        fired = {p.name: np.zeros((network.timesteps, p.neurons), np.uint8) for p in populations}
        moving = {p.name: at_rest(p.neurons) for p in populations}
        for step in range(network.timesteps):
            for each in loop:
                name, now = each.population.name, drive[each.population.name][step : step + 1]
                for source, deliver in each.inner if step else ():
                    deliver(fired[source][step - 1 : step], now)
                fired[name][step] = integrate(now, step, each.equation, moving[name])[0]
        for name, spikes in fired.items():
            made[name].set(k, spikes)

    for_each(images, image)
    return made


def _in_loop(
    network: Network,
    population: Population,
    populations: Sequence[Population],
    trains: Mapping[str, SpikeTrains],
    bias_from: int,
) -> _Looped:
    names = {p.name for p in populations}
    into = network.into(population.name)
    outer = arriving_over(network, [p for p in into if p.source not in names], population, trains)
    inner = [
        (p.source, delivery(p.transform, network.shape_of(p.source), population.shape))
        for p in into
        if p.source in names
    ]
    return _Looped(population, equation_of(network, population, np.ones(population.shape[2]), bias_from), outer, inner)
