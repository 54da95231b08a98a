"""A rectified branch shares the weights of the spiking one, which fires: counts where the branch is positive.

    z = sum of w a + T b + pulse;  a = n [z > 0];  da / dz = [z > 0]
    share of false spikes, .9 of the last + .1 of this batch's;  threshold + .1 now and then where it is above .1

n is the spiking layer's count; a is what the branch hands on, so that spikes of neurons whose drive is not positive
(which fire for the order in which their spikes come) teach nobody. Their share among the neurons that fire raises the
layer's threshold. Source: SNN2ANN, Tang et al. 2022 (arXiv 2206.09449). What differs: the loss is that of the spiking
outputs, the network starts trained, and dropout on the membrane is left out, for the teacher is to be met on all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from convert.training.descent import Key, Values
from convert.training.recipes.stbp import ALONE, FEATURES
from convert.training.recipes.surrogates import LOW_TRIANGLE
from convert.training.wave.aim import Goals
from convert.training.wave.kernels import Fired, Surrogate
from convert.training.wave.rate_gradient import rate_gradient
from convert.training.wave.recipe import Adapted, Recipe, Stage
from convert.training.wave.thresholds import THRESHOLD

FALSE, KEPT, RAISED = 0.1, 0.9, 0.1
"""The share of false active neurons that a layer may have, what of it is kept in a batch, and what it raises."""

EVERY = 50
"""Batches from one raise to the next. With one a batch, thresholds of a ResNet-20 doubled in 13 batches, before weights
could follow, and its last layers fell silent."""

SHARE = "false share"


def weight_sharing(count: int, goals: Goals, surrogate: Surrogate = LOW_TRIANGLE) -> Recipe:
    """On ``count`` batches, the first of them each layer for itself. Counts need no ``surrogate``."""
    first = round(ALONE * count)
    stages = (
        Stage(first, partial(rate_gradient, local=True, seen=of_positive), (FEATURES[0], FEATURES[0])),
        Stage(count - first, partial(rate_gradient, seen=of_positive), FEATURES),
    )
    return Recipe(stages, goals, adapted=Adapted(start, after))


def of_positive(fired: Fired, positive: NDArray[np.bool_]) -> Fired:
    """The spikes of neurons whose drive is ``positive``, all in one step."""
    kept = positive[fired.neurons]
    return Fired(fired.neurons[kept], fired.pixels[kept], np.array([0, np.count_nonzero(kept)]))


def start(layers: Sequence[str]) -> Values:
    """Thresholds as they are, and no false spikes."""
    found: dict[Key, NDArray[np.float32]] = {(THRESHOLD, name): np.ones(1, np.float32) for name in layers}
    return found | {(SHARE, name): np.zeros(1, np.float32) for name in layers}


def after(beside: Values, noticed: Mapping[str, NDArray[np.float32]], batch: int) -> Values:
    """Thresholds and shares after a batch in which so many neurons were ``noticed`` to fire falsely, and in all."""
    found = dict(beside)
    for name, (false, active) in noticed.items():
        share = KEPT * beside[SHARE, name] + (1 - KEPT) * false / max(1.0, active)
        found[SHARE, name] = share.astype(np.float32)
        if (batch + 1) % EVERY == 0:
            found[THRESHOLD, name] = (beside[THRESHOLD, name] + RAISED * (share > FALSE)).astype(np.float32)
    return found
