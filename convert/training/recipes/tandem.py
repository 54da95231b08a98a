"""Tandem learning over the wave: forward every layer spikes, backward it is the rectified-linear one of its counts.

    z = sum of w n + T b + pulse;  n = spikes that are fired;  dn / dz = [z > 0]

n are counts, those of the sources as they really fire in their windows and before. Source: Wu et al. 2021 ("A Tandem
Learning Rule for Effective Training and Rapid Inference of Deep Spiking Neural Networks"). What differs: a count is the
spiking layer's, limited to one a step, and the wave's early arrivals are among what is counted.
"""

from __future__ import annotations

from functools import partial

from convert.training.recipes.stbp import ALONE, FEATURES
from convert.training.recipes.surrogates import LOW_TRIANGLE
from convert.training.wave.aim import Goals
from convert.training.wave.kernels import Surrogate
from convert.training.wave.rate_gradient import rate_gradient
from convert.training.wave.recipe import Recipe, Stage


def tandem(count: int, goals: Goals, surrogate: Surrogate = LOW_TRIANGLE) -> Recipe:
    """On ``count`` batches, the first of them each layer for itself. Rates need no ``surrogate``."""
    first = round(ALONE * count)
    stages = (
        Stage(first, partial(rate_gradient, local=True), (FEATURES[0], FEATURES[0])),
        Stage(count - first, rate_gradient, FEATURES),
    )
    return Recipe(stages, goals)
