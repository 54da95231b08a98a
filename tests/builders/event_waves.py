"""A wave of leaky neurons that events come to, and such events."""

from __future__ import annotations

import numpy as np

from convert.training.wave.schedule import Wave
from tests.builders.event_bundle import SHAPE, STEPS, event_network


def event_wave() -> Wave:
    return Wave(event_network(), STEPS, {})


def recordings(count: int) -> np.ndarray:
    return np.float32(np.random.default_rng(3).random((count, STEPS, *SHAPE)) < 0.15)
