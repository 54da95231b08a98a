"""How often neurons fire and how good the network is, on recordings; without them a guess."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convert.data.evaluate import score
from convert.data.events.opening import EventData
from convert.network import Network
from convert.report import Metrics

if TYPE_CHECKING:
    from convert.calibration.firing_rates import FiringRates
    from convert.frontends.keras.decoder import Decoder

GUESSED_SHARE = 0.02
"""Of the steps in which a neuron fires, where no recordings say it; chosen near what N-MNIST's network does."""


def measured(
    network: Network, data: EventData, most: int, decoder: Decoder | None = None
) -> tuple[FiringRates, Mapping[str, Metrics], int]:
    """Rates and accuracy on the first recordings, in floating point by the chip's rules."""
    from convert.calibration.firing_rates import FiringRates
    from convert.calibration.simulate import simulated
    from convert.network.forward import readout_of
    from convert.network.numpy_form import apply

    dataset, readout = data.dataset, network.readouts[0]
    count = min(most, len(dataset))
    step = len(dataset) // count
    chosen = [i * step for i in range(count)]
    recordings = np.stack([dataset.image(i) for i in chosen])
    rates = FiringRates()
    total = np.broadcast_to(readout.bias, (count, *readout.shape)).astype(np.float64)
    for population, trains in simulated(network, no_arrival(network), recordings):
        rates = rates.with_(population, trains, network.dt_s)
        for projection in network.out_of(population.name):
            if projection.target == readout.name:
                fired_hz = trains.share(0).reshape(count, *population.shape) / network.dt_s
                total = total + apply(projection.transform, fired_hz, readout.shape)
    outputs = np.asarray(readout_of(readout, total), np.float32)
    if decoder is not None:
        outputs = decoder(outputs, network.timesteps)
    return rates, {"float": score(dataset.task, outputs, [dataset.label(i) for i in chosen])}, count


def no_arrival(network: Network) -> dict[str, int]:
    """Biases act from the first step on."""
    return {population.name: 0 for population in network.populations}


def guessed_rates(network: Network) -> FiringRates:
    """The same rate for all neurons."""
    from convert.calibration.firing_rates import FiringRates

    def rates() -> dict[str, NDArray[np.float32]]:
        rate_hz = GUESSED_SHARE / network.dt_s
        return {p.name: np.full(p.shape, rate_hz, np.float32) for p in network.populations}

    return FiringRates(rates(), rates())
