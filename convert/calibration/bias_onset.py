"""Biases that come with the image's wave through the layers.

A bias that acts from the first step on charges its neurons before the drive of the image arrives: they fire, or sink to
the floor of their voltage, without cause. A host neuron delivers the bias once the drive has arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from convert.network import BIAS_SOURCE_LAYER, Array, Network, Projection, Sparse, host_population

ARRIVED = 0.5
"""A drive has arrived when its mean size is this share of its mean over the second half of the steps.

Chosen on training images: docs/calibration.md."""

BIAS_SOURCE = "bias"
"""Name, before its step, of the host neuron that starts biases."""


def arrival_step(size: NDArray[np.float32]) -> int:
    """The first step, at least 1, at which a drive of mean ``size``, shape (steps,), has arrived."""
    smooth = np.convolve(size, np.ones(3) / 3, mode="same")
    return max(1, int(np.argmax(smooth > ARRIVED * smooth[len(smooth) // 2 :].mean())))


@dataclass(frozen=True)
class Brought:
    """What a host neuron brings to population ``target`` in every step from ``start`` to ``stop`` (None: to the end).

    ``thresholds`` has the target's shape; host neurons of one ``kind`` and start are one.
    """

    kind: str
    target: str
    start: int
    stop: int | None
    thresholds: Array


def with_host_sources(network: Network, parts: Iterable[Brought]) -> Network:
    """``network`` with host neurons that fire in every step of their time; a spike takes one step to the chip."""
    source_hz = 1 / network.dt_s
    sources, projections = {}, []
    for part in parts:
        if part.thresholds.any():
            name = f"{part.kind}@{part.start}"
            constant_hz = np.full((1, 1, 1), source_hz)
            stop = None if part.stop is None else part.stop - 1
            sources[name] = host_population(name, BIAS_SOURCE_LAYER, constant_hz, source_hz, part.start - 1, stop)
            projections.append(Projection(name, part.target, Sparse(sparse.csr_array(part.thresholds.reshape(-1, 1)))))
    return replace(
        network,
        populations=(*sources.values(), *network.populations),
        projections=(*network.projections, *projections),
    )


def with_bias_onset(network: Network, arrival: Mapping[str, int]) -> Network:
    """``network`` whose chip populations get their bias from step ``arrival`` on, as spikes of a host neuron."""
    biases = [
        Brought(BIAS_SOURCE, name, step, None, network.population(name).bias_hz * network.dt_s)
        for name, step in arrival.items()
    ]
    silent = tuple(replace(p, bias_hz=np.zeros(p.shape)) if p.name in arrival else p for p in network.populations)
    return with_host_sources(network.with_(populations=silent), biases)
