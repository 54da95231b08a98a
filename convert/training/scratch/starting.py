"""Where a training from scratch starts: weights so large that each layer fires."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convert.calibration.deliveries import DriveOf, arriving
from convert.calibration.firing import fire
from convert.calibration.simulate import replayed
from convert.calibration.spike_trains import SpikeTrains
from convert.errors import UserError
from convert.frontends.original import Images
from convert.network import Network
from convert.network.rescale import with_gains

SHARE = 0.1
"""Of the steps in which a neuron of each layer fires at first, on average: silent ones would have no gradient."""

DOUBLINGS, HALVINGS = 20, 12
"""Of a gain, until a layer fires as often, and of the interval in which that gain lies."""


def lively(network: Network, recordings: Images, share: float = SHARE) -> Network:
    """``network`` with the weights into each layer, one after the other, multiplied so that it fires in a ``share`` of
    the steps, and those of the readout so that its outputs are as if its sources gave 1.

    ``recordings`` has shape (recordings, steps, *input). Raises ``UserError`` for a layer that cannot be made to fire.
    """
    trains: dict[str, SpikeTrains] = {}
    for name in [p.name for p in network.populations]:
        population = network.population(name)
        if not population.on_chip:
            trains[name] = replayed(network, recordings)
            continue
        gain = _gain(network, name, arriving(network, population, trains), len(recordings), share)
        network = with_gains(network, {name: gain})
        population = network.population(name)
        drive = arriving(network, population, trains)
        trains[name] = fire(network, population, drive, len(recordings), np.ones(population.shape[2]), 0)
    readout = network.readouts[0].name
    projections = tuple(
        replace(p, transform=p.transform.scaled(network.dt_s / share)) if p.target == readout else p
        for p in network.projections
    )
    return network.with_(projections=projections)


def _gain(
    network: Network, name: str, drive: DriveOf, count: int, share: float
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """One number for all channels: that by which the layer fires in about a ``share`` of the steps."""
    population, kept = network.population(name), [drive(k) for k in range(count)]

    def fires(size: float) -> bool:
        gain = np.full(population.shape[2], size)
        return float(fire(network, population, lambda k: kept[k], count, gain, 0).share(0).mean()) > share

    high = 2.0 ** -(DOUBLINGS // 2)
    for _ in range(DOUBLINGS):
        if fires(high):
            break
        high *= 2
    else:
        raise UserError(
            f"layer '{name}' fires in less than {share:.0%} of the steps however large its weights are: too few events "
            "reach it, or all of its weights are negative; use other weights, a smaller leak or longer steps"
        )
    low = high / 2
    for _ in range(HALVINGS):
        middle = np.sqrt(low * high)
        low, high = (low, middle) if fires(middle) else (middle, high)
    return np.full(population.shape[2], high)
