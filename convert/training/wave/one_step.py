"""A wave whose layers take one step each: all that comes to a layer comes at once, and it fires or does not.

What many steps leave in a potential is noise here. Source: Jiang and Zhang 2022 ("A noise based novel strategy for
faster SNN training", arXiv 2211.05453).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convert.training.wave.layers import Layer
from convert.training.wave.schedule import ROUNDED, Busy, Wave

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Noise:
    """What is added to potentials: normal, of ``deviation`` in thresholds, on the chip; a host neuron starts anywhere
    between 0 and its threshold."""

    deviation: float
    random: np.random.Generator

    def of_host(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        return self.random.random(shape)

    def of_layer(self, neurons: int) -> Float32:
        return self.random.standard_normal(neurons, np.float32) * np.float32(self.deviation)


def in_one_step(wave: Wave) -> Wave:
    """``wave`` shown for one step; what rounds the count of host neurons is left out."""
    network = wave.network
    populations = tuple(
        p if p.on_chip else replace(p, bias_hz=p.bias_hz - ROUNDED / network.dt_s / wave.steps)
        for p in network.populations
    )
    return Wave(network.with_(populations=populations), 1, wave.pulses)


def all_at_once(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """``layers`` busy in the same single step, with bias and pulse."""
    return tuple(
        replace(
            layer,
            busy=Busy(0, 0, 1),
            neurons=layer.neurons._replace(start=0),
            links=tuple(replace(link, lag=0) for link in layer.links),
        )
        for layer in layers
    )
