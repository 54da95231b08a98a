"""Biases that come with the image's wave through the layers.

A bias that acts from the first step on charges its neurons before the drive of the image arrives: they fire, or sink to
the floor of their voltage, without cause. A host neuron delivers the bias once the drive has arrived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convert.network import BIAS_SOURCE_LAYER, Network, Projection, Sparse, host_population

ARRIVED = 0.5
"""A drive has arrived when its mean size is this share of its mean over the second half of the steps.

Chosen on training images: docs/calibration.md."""

BIAS_SOURCE = "bias"
"""Name, before its step, of the host neuron that starts biases."""


def arrival_step(size: NDArray[np.float32]) -> int:
    """The first step, at least 1, at which a drive of mean ``size``, shape (steps,), has arrived."""
    smooth = np.convolve(size, np.ones(3) / 3, mode="same")
    return max(1, int(np.argmax(smooth > ARRIVED * smooth[len(smooth) // 2 :].mean())))


def with_bias_onset(network: Network, arrival: Mapping[str, int]) -> Network:
    """``network`` whose chip populations get their bias from step ``arrival`` on, as spikes of a host neuron.

    One host neuron per arrival step fires in every step from the one before it on; a spike takes one step to the chip.
    """
    source_hz = 1 / network.dt_s
    sources, projections = {}, []
    for name, step in arrival.items():
        bias_hz = network.population(name).bias_hz
        if bias_hz.any():
            source = f"{BIAS_SOURCE}@{step}"
            constant_hz = np.full((1, 1, 1), source_hz)
            sources[source] = host_population(source, BIAS_SOURCE_LAYER, constant_hz, source_hz, onset_step=step - 1)
            weights = sparse.csr_array(bias_hz.reshape(-1, 1) / source_hz)
            projections.append(Projection(source, name, Sparse(weights)))
    silent = tuple(replace(p, bias_hz=np.zeros(p.shape)) if p.name in arrival else p for p in network.populations)
    return replace(network, populations=(*sources.values(), *silent), projections=(*network.projections, *projections))
