"""Low-pass filters where single spikes are large: what a hard reset loses is the size of the last step.

An identity shortcut brings nearly a whole threshold with every spike: a neuron fires on the first or on the second and
loses what is over. Filtered, the same charge comes in smaller steps. Each such layer then lags by its time constant, so
layers with small weights go without. Weights are those before calibration, whose gains come on top.
"""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np

from convert.network import INPUT, Network, Population

LARGEST_STEP = 0.5
"""The largest share of a threshold that one spike may bring in one step. Chosen on training images:
docs/calibration.md."""


def with_synaptic_filters(network: Network, synapse_s: float | None = None) -> Network:
    """``network`` with the time constant ``synapse_s`` on all that enters the chip's populations, or if that is None
    with the least that keeps a spike's first step below ``LARGEST_STEP``, on average over a population's neurons."""

    def filtered(population: Population) -> Population:
        chosen_s = _needed_s(network, population) if synapse_s is None else synapse_s
        return replace(population, synapse_s=chosen_s) if population.on_chip else population

    return network.with_(populations=tuple(map(filtered, network.populations)))


def _needed_s(network: Network, population: Population) -> float:
    """A spike's first step is 1 - exp(-dt / synapse) of its weight."""
    largest = np.zeros(population.shape)
    for projection in network.into(population.name):
        if projection.source != INPUT:
            largest = np.maximum(largest, projection.transform.largest_weights(population.shape))
    excess = float(largest.mean()) / LARGEST_STEP
    return -network.dt_s / log(1 - 1 / excess) if excess > 1 else 0.0
