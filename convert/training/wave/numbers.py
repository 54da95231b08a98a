"""The numbers that a wave's layers are computed with: the chip's, or unrounded ones beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from convert.network.chip_integers import UNIT, Float32, core_scale, synapse_integers


@dataclass(frozen=True)
class Voltages:
    """The threshold of a layer's neurons and the floor of their voltages."""

    threshold: float
    floor: float


Numbers = Callable[[Sequence[Float32], float, float], tuple[Voltages, list[Float32]]]
"""From a population's weights over dt, its bias and its pulse, its floor in thresholds and dt to what is computed with:
its voltages, and the same arrays in their unit."""


def on_chip(arrays: Sequence[Float32], floor_thresholds: float, dt_s: float) -> tuple[Voltages, list[Float32]]:
    """The integers, in ``UNIT``, of a population whose cores hold all of its channels; biases are weights of the host's
    synapses."""
    largest = np.float32(max(float(np.abs(w).max(initial=0)) for w in arrays))
    if largest == 0:
        return Voltages(1.0, 0.0), [np.zeros_like(w) for w in arrays]
    scale = core_scale(largest, floor_thresholds, dt_s)
    return Voltages(scale.threshold / UNIT, scale.floor / UNIT), [synapse_integers(w, scale) for w in arrays]


def unrounded(arrays: Sequence[Float32], floor_thresholds: float, dt_s: float) -> tuple[Voltages, list[Float32]]:
    """Floating point: what rounding costs is seen beside it."""
    return Voltages(1 / dt_s, floor_thresholds / dt_s), list(arrays)
