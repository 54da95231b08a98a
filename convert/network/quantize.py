"""Weights as a core holds them: eight bits, sign included, at one scale for all that reach its neurons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .network import INPUT, ConvertedNetwork, Projection, Sparse

LEVELS = 127
"""The largest weight of a core in steps of its scale. Source: ``discretize_weights`` in nengo_loihi, mixed signs."""


def with_eight_bits(network: ConvertedNetwork) -> ConvertedNetwork:
    """``network`` with the weights and biases of every chip population rounded to eight bits.

    Biases count as weights, for a host neuron's synapses deliver them. One scale for a whole population is the coarsest
    that any tiling gives: that of the core with its largest weight.
    """
    step = {p.name: _largest(network, p.name) / LEVELS for p in network.chip_populations}

    def rounded(projection: Projection) -> Projection:
        if projection.source == INPUT or not step.get(projection.target):
            return projection
        transform, unit = projection.transform, step[projection.target]
        if isinstance(transform, Sparse):
            matrix = transform.matrix.copy()
            matrix.data = _to_steps(matrix.data, unit)
            return replace(projection, transform=Sparse(matrix))
        return replace(projection, transform=replace(transform, kernel=_to_steps(transform.kernel, unit)))

    populations = tuple(
        replace(p, bias_hz=_to_steps(p.bias_hz, step[p.name] / network.dt_s)) if step.get(p.name) else p
        for p in network.populations
    )
    return network.with_(populations=populations, projections=tuple(map(rounded, network.projections)))


def _largest(network: ConvertedNetwork, name: str) -> float:
    """The largest size of a weight into population ``name``, its biases in thresholds per step among them."""
    sizes = [float(np.abs(network.population(name).bias_hz).max(initial=0.0)) * network.dt_s]
    for projection in network.into(name):
        transform = projection.transform
        weights = transform.matrix.data if isinstance(transform, Sparse) else transform.kernel
        sizes.append(float(np.abs(weights).max(initial=0.0)))
    return max(sizes)


def _to_steps(values: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    return np.asarray(np.round(values / step) * step)
