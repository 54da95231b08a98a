"""Biases that come with the image's wave through the layers.

A bias acts from the first step on, long before the image has come through to its layer: until then it makes neurons
fire, or pushes them to the floor of their voltage, for an image that is not there. A host neuron delivers it in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convert.network.network import ConvertedNetwork, Population, Projection, Sparse

ARRIVED = 0.5
"""A drive has arrived when its mean size is this share of its mean over the second half of the steps."""

CLOCK = "clock"
CLOCK_KIND = "Clock"
"""Name, before its step, and kind of the host neuron that starts biases: no layer of the model."""


def arrival_step(size: NDArray[np.float32]) -> int:
    """The first step, at least 1, at which a drive of mean ``size``, shape (steps,), has arrived."""
    smooth = np.convolve(size, np.ones(3) / 3, mode="same")
    return max(1, int(np.argmax(smooth > ARRIVED * smooth[len(smooth) // 2 :].mean())))


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
            clocks[clock] = Population(
                clock, CLOCK_KIND, (1, 1, 1), np.full((1, 1, 1), clock_hz), clock_hz, False, start_step=step - 1
            )
            weights = sparse.csr_array(bias_hz.reshape(-1, 1) / clock_hz)
            projections.append(Projection(clock, name, Sparse(weights)))
    silent = tuple(replace(p, bias_hz=np.zeros(p.shape)) if p.name in arrival else p for p in network.populations)
    return replace(network, populations=(*clocks.values(), *silent), projections=(*network.projections, *projections))
