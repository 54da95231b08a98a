"""Thresholds of whole layers that a recipe raises: on the chip, weights, biases and pulses that are smaller.

A neuron with threshold c and drive x fires as one with threshold 1 and drive x / c does: its reset is to 0, and its
floor is told in thresholds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from convert.network import Network
from convert.training.descent import Key, Values
from convert.training.wave.schedule import Wave

THRESHOLD = "threshold"
"""The key of a layer's threshold beside what is trained: an array of one, in those of before."""


def with_thresholds(wave: Wave, beside: Values) -> Wave:
    """``wave`` as its layers are with the thresholds that are kept ``beside``; others keep theirs."""
    raised = _raised(beside)
    if not raised:
        return wave
    network = wave.network
    populations = tuple(replace(p, bias_hz=p.bias_hz / raised.get(p.name, 1.0)) for p in network.populations)
    projections = tuple(
        replace(p, transform=p.transform.scaled(1 / raised[p.target])) if p.target in raised else p
        for p in network.projections
    )
    pulses = {name: pulse / raised.get(name, 1.0) for name, pulse in wave.pulses.items()}
    return Wave(network.with_(populations=populations, projections=projections), wave.steps, pulses)


def before_thresholds(
    gradients: Mapping[Key, NDArray[np.float32]], network: Network, beside: Values
) -> dict[Key, NDArray[np.float32]]:
    """``gradients`` of what ``with_thresholds`` gives, with respect to what it was given."""
    raised = _raised(beside)

    def threshold(whose: int | str) -> np.float32:
        name = network.projections[whose].target if isinstance(whose, int) else whose
        return np.float32(raised.get(name, 1.0))

    if not raised:
        return dict(gradients)
    return {(kind, whose): of / threshold(whose) for (kind, whose), of in gradients.items()}


def _raised(beside: Values) -> dict[str, float]:
    return {str(name): float(value[0]) for (kind, name), value in beside.items() if kind == THRESHOLD}
