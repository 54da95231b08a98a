"""Recordings of a few places, as touch sensors give them, in the two views of a location-spiking network.

In the view of time a step has the events of all places at one time. In the view of location time and place are
swapped: step l has the events of place l at all times, and a neuron that integrates over steps integrates over places.
Source: Kang et al. 2022 ("Event-Driven Tactile Learning with Location Spiking Neurons"). The host does it, once a
recording has ended.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.uint8]
"""How many events there are, shape (recordings, steps, places, channels)."""


def merged(counts: Counts, steps: int) -> Counts:
    """``counts`` in ``steps`` longer steps, as many old ones in each; several events of a place are one."""
    recordings, given, *rest = counts.shape
    whole = counts[:, : given - given % steps]
    return np.asarray(whole.reshape(recordings, steps, -1, *rest).any(axis=2), np.uint8)


def time_view(counts: Counts) -> Counts:
    """Shape (recordings, steps, places x channels)."""
    return counts.reshape(*counts.shape[:2], -1)


def location_view(counts: Counts) -> Counts:
    """Shape (recordings, places, steps x channels)."""
    return time_view(counts.swapaxes(1, 2))


def both_views(counts: Counts) -> Counts:
    """Both side by side, (recordings, the longer of steps and places, places x channels + steps x channels); the
    shorter one is silent at the end."""
    views = time_view(counts), location_view(counts)
    longest = max(view.shape[1] for view in views)
    return np.concatenate([np.pad(v, ((0, 0), (0, longest - v.shape[1]), (0, 0))) for v in views], axis=2)
