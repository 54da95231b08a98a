"""Firing rates on calibration images: percentiles that set the scales, means that set the traffic."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .graph import Segment
from .network import INPUT, Shape

SAMPLE = 2_000_000
"""Activations kept per population for its percentile (drawn evenly from the images)."""

HOST_HZ = 990.0
"""Rate of the host's neurons at the percentile: they lose no overshoot, and cannot fire more than once in 1 ms."""


@dataclass(frozen=True)
class Activity:
    """What one population does on the calibration images, in units of the Keras activation.

    ``percentile`` over all neurons and images; ``mean`` has the population's shape, one mean per neuron.
    """

    percentile: float
    mean: NDArray[np.float32]


def calibrate(
    activities: Any,
    shapes: dict[str, Shape],
    batches: Iterable[NDArray[np.float32]],
    count: int,
    *,
    percentile: float,
) -> dict[str, Activity]:
    """The activity of every population over ``count`` images; ``activities`` is ``Cut.activities``, ``shapes`` ordered.

    Source: percentile scaling after Rueckauer et al. 2017, section 2.2.
    """
    sums: dict[str, Any] = dict.fromkeys(shapes, 0.0)
    samples: dict[str, list[NDArray[np.float32]]] = {name: [] for name in shapes}
    done = 0
    for batch in batches:
        done += len(batch)
        outputs = activities(batch, training=False)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        for (name, shape), output in zip(shapes.items(), outputs, strict=True):
            values = np.asarray(output, dtype=np.float32).reshape(len(batch), *shape)
            sums[name] = sums[name] + values.sum(axis=0, dtype=np.float64)
            step = max(1, values[0].size * count // SAMPLE)
            samples[name].append(values.ravel()[::step])
    scale = {name: _positive_percentile(np.concatenate(samples[name]), percentile) for name in shapes}
    return {name: Activity(scale[name], np.asarray(sums[name] / done, np.float32)) for name in shapes}


def _positive_percentile(values: NDArray[np.float32], percentile: float) -> float:
    """The percentile, or the maximum where that is 0, or 1 for a population that is silent on all images."""
    return float(np.percentile(values, percentile)) or float(values.max()) or 1.0


def target_rates(segments: Sequence[Segment], rates_hz: tuple[float, float]) -> dict[str, float]:
    """The rate that each population's percentile gets: from the larger of ``rates_hz`` at the first chip population
    down to the smaller at the last, by equal factors from layer to layer; ``HOST_HZ`` for the host's.

    A population that fires less than its sources takes smaller steps towards its threshold, and so loses less overshoot
    at a reset; what a hard reset distorts adds up over the layers, so every layer gets a share of that decrease.
    """
    depth = {INPUT: -1}
    for segment in segments:
        depth[segment.target] = 1 + max(depth[source] for source in segment.sources)
    chip = {s.target: depth[s.target] for s in segments if not s.is_readout and INPUT not in s.sources}
    last = max(chip.values(), default=1)
    smallest, largest = rates_hz
    factor = (smallest / largest) ** (1 / max(1, last - 1))
    return {
        s.target: largest * factor ** (chip[s.target] - 1) if s.target in chip else HOST_HZ
        for s in segments
        if not s.is_readout
    }
