"""The integers of a core, as nengo_loihi makes them: its threshold, floor and biases, and the weights that reach it.

A core has one scale, chosen by its largest weight. Source: ``discretize_compartment``, ``discretize_synapse`` and
``discretize_weights`` in nengo_loihi/builder/discretize.py, whose rounding, in single or double precision as it happens
there, is kept: tests compare every integer. What nengo_loihi has and is not here: noise, learning, LIF neurons.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32] | NDArray[np.float64]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]

UNIT = 64
"""All integers of a core are multiples of this, but for the floor and the biases."""

UNIT_BITS = 6

LARGEST = 255.0
"""What the largest weight of a core becomes before it loses its last bit to the sign."""

HALVES = 127
"""The largest size of a weight after that, in steps of two."""

MOST_FINER = 6
"""Powers of two by which a synapse with small weights is finer than the core's largest."""

LOWEST_EXPONENT = -7
"""Powers of two by which a core whose thresholds or biases are far above its weights is finer at most."""

LARGEST_THRESHOLD = (2**17 - 1) * UNIT

LARGEST_BIAS_MANTISSA = 2**12 - 1

LARGEST_BIAS = LARGEST_BIAS_MANTISSA * 2**7

LARGEST_DECAY = 2**12 - 1

LARGEST_SUM = 2**21 - 1
"""Of the weights that reach a compartment in a step."""

NO_WEIGHT = 1e-8
"""In Hz: a core whose largest weight or bias is no more than this has none."""

NO_SYNAPSE = 1e-16
"""In Hz: a synapse whose largest weight is no more than this has none."""

LOST_IN_DECAY = 0.494
"""What a decaying integer loses by rounding in a step, on average."""

LEAST_DECAY = 0.5 / 2**12
"""The share of a current that goes in a step, at least: a slower synapse has no scale."""


@dataclass(frozen=True)
class CoreScale:
    """What the numbers of a core are multiplied by, and what its neurons share.

    ``largest`` is its largest weight over dt, ``per_weight`` what weights are multiplied by before they are rounded to
    2 ^ -``exponent``, ``per_bias_hz`` what biases are. ``fits`` if threshold and biases have their place in registers.
    """

    largest: np.float32
    per_weight: np.float32 | np.float64
    exponent: int
    per_bias_hz: np.float32 | np.float64
    threshold: int
    floor: int
    fits: bool


def core_scale(
    largest: np.float32,
    floor_thresholds: float,
    dt_s: float,
    *,
    largest_bias_hz: np.float32 = np.float32(0),  # noqa: B008
    synapse_s: float = 0.0,
) -> CoreScale:
    """The scale of a core whose largest weight over dt is ``largest``, with a filter of ``synapse_s`` for currents."""
    threshold_hz, gain = np.float32(1.0 / dt_s), _current_gain(synapse_s, dt_s)
    if largest > NO_WEIGHT:
        return _by_weights(largest, largest_bias_hz, threshold_hz, gain, floor_thresholds / dt_s)
    if largest_bias_hz > NO_WEIGHT:
        return _by_biases(largest, largest_bias_hz, threshold_hz, gain, floor_thresholds / dt_s)
    per_hz = np.float32(min(LARGEST_THRESHOLD, LARGEST_SUM) / (threshold_hz + np.float32(1)))
    per_weight = np.float64(per_hz) * gain / UNIT
    none = np.float32(0)
    return _scale(largest, per_weight, 0, per_hz, np.float64(per_hz), threshold_hz, none, floor_thresholds / dt_s)


def _by_weights(
    largest: np.float32, bias_hz: np.float32, threshold_hz: np.float32, gain: np.float64, floor_hz: float
) -> CoreScale:
    """As coarse as the largest weight asks for, or finer until threshold and bias have their place."""
    per_weight = np.float32(LARGEST) / largest
    for exponent in range(0, LOWEST_EXPONENT - 1, -1):
        per_hz = 1.0 / gain * np.float64(per_weight) * 2.0 ** (UNIT_BITS + exponent)
        scale = _scale(largest, per_weight, exponent, per_hz, per_hz, threshold_hz, bias_hz, floor_hz)
        if np.round(threshold_hz * per_hz) <= LARGEST_THRESHOLD and np.round(bias_hz * per_hz) <= LARGEST_BIAS:
            break
    return scale


def _by_biases(
    largest: np.float32, bias_hz: np.float32, threshold_hz: np.float32, gain: np.float64, floor_hz: float
) -> CoreScale:
    """The largest bias is the largest integer, or half of it until the threshold has its place."""
    per_hz = np.float32(LARGEST_BIAS) / bias_hz
    while per_hz * bias_hz > 1:
        if np.round(threshold_hz * np.float64(per_hz)) <= LARGEST_THRESHOLD:
            break
        per_hz = per_hz / np.float32(2)
    return _scale(largest, per_hz * gain / UNIT, 0, np.float64(per_hz), per_hz, threshold_hz, bias_hz, floor_hz)


def _scale(
    largest: np.float32,
    per_weight: np.float32 | np.float64,
    exponent: int,
    per_hz: np.float32 | np.float64,
    per_bias_hz: np.float32 | np.float64,
    threshold_hz: np.float32,
    bias_hz: np.float32,
    floor_hz: float,
) -> CoreScale:
    mantissa = int(np.round(np.round(threshold_hz * per_hz) / UNIT))
    doubled = int(np.clip(np.round(np.log2(-floor_hz * per_hz + 1)), 0, 31))
    fits = 0 < mantissa * UNIT <= LARGEST_THRESHOLD and np.round(bias_hz * per_bias_hz) <= LARGEST_BIAS
    return CoreScale(largest, per_weight, exponent, per_bias_hz, mantissa * UNIT, 1 - 2**doubled, bool(fits))


def current_decay(synapse_s: float, dt_s: float) -> int:
    """The 4096ths of a current that go in a step, less one, which the chip adds. Raises ``ValueError`` if too slow."""
    share = 1.0 if synapse_s == 0 else float(-np.expm1(-dt_s / synapse_s))
    if share <= LEAST_DECAY:
        raise ValueError(f"a synapse of {synapse_s:g} s keeps a current for too many steps")
    return int(np.round(np.clip(np.float32(share) * np.float32(LARGEST_DECAY) - np.float32(1), 0, LARGEST_DECAY)))


def _current_gain(synapse_s: float, dt_s: float) -> np.float64:
    """1 / what a current of 2 ^ 21 sums up to while it decays. Source: ``decay_magnitude`` in nengo_loihi."""
    start, kept = 2.0**21, np.array([LARGEST_DECAY - current_decay(synapse_s, dt_s)]) / 2**12
    steps = -np.log1p(start * (1 - kept) / LOST_IN_DECAY) / np.log(kept)
    unrounded = (1 - kept ** (steps + 1)) / (1 - kept)
    lost = LOST_IN_DECAY / ((1 - kept) * start) * (steps + 1 - unrounded)
    gain: np.float64 = (1.0 / (unrounded - lost))[0]
    return gain


def bias_integers(bias_hz: Float32, scale: CoreScale) -> Int32:
    """Biases as a core holds them: twelve bits and an exponent."""
    bias = np.round(bias_hz * scale.per_bias_hz)
    exponent = np.ceil(np.log2(np.maximum(np.abs(bias) / LARGEST_BIAS_MANTISSA, 1))).astype(np.int32)
    mantissa = np.round(bias / 2**exponent).astype(np.int32)
    return np.asarray(mantissa * 2**exponent, np.int32)


def synapse_integers(weights: Float32, scale: CoreScale) -> Float32:
    """The integers, in ``UNIT``, of one synapse's ``weights`` over dt."""
    own = np.abs(weights).max(initial=np.float32(0))
    if own > NO_SYNAPSE:
        finer = floor(np.log2(scale.largest / own))
        exponent = max(scale.exponent - finer, -MOST_FINER)
    else:
        finer, exponent = scale.exponent + MOST_FINER, -MOST_FINER
    halves = np.round(weights * scale.per_weight * 2.0**finer / 2).clip(-HALVES, HALVES)
    shift = 1 + exponent
    if shift >= 0:
        return np.asarray(halves * 2**shift, np.float32)
    kept = np.trunc((np.round(halves * 2.0**shift) / 2.0**shift).clip(-HALVES, HALVES))
    return np.asarray(np.floor(kept * 2.0**shift), np.float32)
