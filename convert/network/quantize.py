"""Weights as a core holds them: eight bits, sign included, at one scale for all that reach its neurons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .chip_integers import core_scale
from .network import INPUT, Network, Projection
from .neuron import Neuron

LEVELS = 127
"""The largest weight of a core in steps of its scale. Source: ``discretize_weights`` in nengo_loihi, mixed signs."""


def with_8bit_weights(network: Network) -> Network:
    """``network`` with the weights and biases of every chip population rounded to eight bits.

    Biases count as weights, for a host neuron's synapses deliver them. One scale for a whole population is the coarsest
    that any tiling gives: that of the core with its largest weight.
    """
    step = {p.name: _largest(network, p.name) / LEVELS for p in network.chip_populations}

    def rounded(projection: Projection) -> Projection:
        if projection.source == INPUT or not step.get(projection.target):
            return projection
        weights = _to_steps(projection.transform.weights, step[projection.target])
        return replace(projection, transform=projection.transform.with_weights(weights))

    populations = tuple(
        replace(p, bias_hz=_to_steps(p.bias_hz, step[p.name] / network.dt_s)) if step.get(p.name) else p
        for p in network.populations
    )
    return network.with_(populations=populations, projections=tuple(map(rounded, network.projections)))


def chip_neuron(network: Network, name: str) -> Neuron:
    """The neuron of population ``name`` with the floor that it has in integers: -2 thresholds become -1.41 to -2.83.

    The core is the one with the largest weight: the others' floors may be half of it or twice as low.
    """
    neuron, largest = network.population(name).neuron, _largest(network, name)
    if not largest or not neuron.floor:
        return neuron
    scale = core_scale(np.float32(largest / network.dt_s), neuron.floor, network.dt_s)
    return replace(neuron, floor=scale.floor / scale.threshold)


def _largest(network: Network, name: str) -> float:
    """The largest size of a weight into population ``name``, its biases in thresholds per step among them."""
    sizes = [float(np.abs(network.population(name).bias_hz).max(initial=0.0)) * network.dt_s]
    for projection in network.into(name):
        sizes.append(float(np.abs(projection.transform.weights).max(initial=0.0)))
    return max(sizes)


def _to_steps(values: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    return np.asarray(np.round(values / step) * step)
