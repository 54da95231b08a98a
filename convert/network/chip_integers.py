"""The integers of a population whose cores hold all of its channels: one scale for all that reaches it.

Source: ``discretize_compartment``, ``discretize_synapse`` and ``discretize_weights`` in nengo_loihi, with every
rounding; tests compare. All integers of a core are multiples of 64, but for the floor: here they count in these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, log2

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

UNIT = 64
"""What the integers here are multiplied by on a core."""

LARGEST = 255.0
"""What the largest weight of a core becomes before it loses its last bit to the sign."""

HALVES = 127
"""The largest size of a weight after that, in steps of two."""

MOST_FINER = 6
"""Powers of two by which a synapse with small weights is finer than the core's largest."""

CURRENT_GAIN = 1.000243962
"""What a current sums up to that loses all but 1 / 4096 in a step: ``decay_magnitude`` of a synapse without filter."""


@dataclass(frozen=True)
class CoreScale:
    """``per_threshold``: what a weight of one threshold becomes; the ``threshold`` itself; the voltage's ``floor``."""

    per_threshold: float
    threshold: float
    floor: float


def core_scale(largest: np.float32, floor_thresholds: float, dt_s: float) -> CoreScale:
    """The scale of a core whose largest weight over dt is ``largest``."""
    threshold_hz = 1.0 / dt_s
    per_weight = float(np.float32(LARGEST) / largest) * UNIT * CURRENT_GAIN
    lowest = 2.0 ** np.round(np.log2(-floor_thresholds * threshold_hz * per_weight + 1)) - 1
    return CoreScale(
        per_threshold=float(np.float32(LARGEST) / largest) * threshold_hz,
        threshold=float(np.round(np.round(threshold_hz * per_weight) / UNIT)),
        floor=-float(lowest) / UNIT,
    )


def synapse_integers(weights: Float32, largest: np.float32) -> Float32:
    """The integers of one synapse's ``weights`` over dt, on a core whose largest weight is ``largest``."""
    own = np.abs(weights).max(initial=np.float32(0))
    finer = floor(log2(largest / own)) if own > 1e-16 else MOST_FINER
    scaled = weights * (np.float32(LARGEST) / largest) * np.float32(2**finer)
    halves = np.round(scaled / np.float32(2)).clip(-HALVES, HALVES)
    shift = 1 - min(finer, MOST_FINER)
    if shift >= 0:
        return np.asarray(halves * 2**shift, np.float32)
    kept = np.trunc((np.round(halves * 2.0**shift) / 2.0**shift).clip(-HALVES, HALVES))
    return np.asarray(np.floor(kept * 2.0**shift), np.float32)


Numbers = Callable[[Sequence[Float32], float, float], tuple[CoreScale, list[Float32]]]
"""From a population's weights over dt, its bias and its pulse, its floor in thresholds and dt to what is computed with:
a scale, and the same arrays in it."""


def on_chip(arrays: Sequence[Float32], floor_thresholds: float, dt_s: float) -> tuple[CoreScale, list[Float32]]:
    """The core's integers."""
    largest = np.float32(max(float(np.abs(w).max(initial=0)) for w in arrays))
    if largest == 0:
        return CoreScale(0.0, 1.0, 0.0), [np.zeros_like(w) for w in arrays]
    return core_scale(largest, floor_thresholds, dt_s), [synapse_integers(w, largest) for w in arrays]


def unrounded(arrays: Sequence[Float32], floor_thresholds: float, dt_s: float) -> tuple[CoreScale, list[Float32]]:
    """Floating point: what rounding costs is seen beside it."""
    return CoreScale(1.0, 1 / dt_s, floor_thresholds / dt_s), list(arrays)
