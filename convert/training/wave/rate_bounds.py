"""The percentile loss on a wave's rates: that of ``convert.training.rate_loss``, on spikes a step of the window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from convert.training.gradients import percentile
from convert.training.losses import LOWEST
from convert.training.wave.aim import RateBounds
from convert.training.wave.engine import Counted
from convert.training.wave.kernels import Float32
from convert.training.wave.layers import Layer
from convert.training.wave.schedule import Wave


def rate_gradients(
    wave: Wave, layers: Sequence[Layer], passed: Sequence[Counted], bounds: RateBounds
) -> dict[str, Float32]:
    """By layer, of the sum over layers with respect to spikes in the window (images, neurons).

    Source: Patel et al. 2021, equation 3, with rates relative to the highest wanted.
    """
    most = np.float32(bounds.high * wave.steps)
    counts = {layer.name: np.stack([p.counts(layer, in_window=True) for p in passed]) for layer in layers}
    found = {}
    for layer in layers:
        relative = counts[layer.name].reshape(-1, layer.shape[2]) / most
        _, of_rates = percentile(relative, bounds.percentile, LOWEST, 1.0)
        found[layer.name] = (np.float32(bounds.weight) * of_rates).reshape(counts[layer.name].shape) / most
    return found


def added(some: Mapping[str, Float32], more: Mapping[str, Float32]) -> dict[str, Float32]:
    """The sums, by layer, of what is in one of them or in both."""
    return {
        name: some[name] + more[name] if name in some and name in more else some[name] if name in some else more[name]
        for name in {**some, **more}
    }
