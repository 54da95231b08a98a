"""One step with noise first, then all of them: each layer takes its whole drive at once, and noise is its past.

    u = sum of w s + b + pulse + e,  e normal of deviation SIGMA;  s = [u > 1];  ds / du = surrogate(u - 1)

At T steps a potential holds, when a step's drive comes, what earlier steps left: anything from 0 to a threshold, so
that a share of the neurons as large as their drive fires. SIGMA is the deviation of a number that is as likely anywhere
between 0 and 1; its mean is what the pulse brings. Source: Jiang and Zhang 2022 (arXiv 2211.05453), who go on to T
steps without training; resets lose overshoot here, and biases act in windows, so a last stage at T is trained.
"""

from __future__ import annotations

from dataclasses import replace

from convert.training.recipes.stbp import ALONE, FEATURES, stbp
from convert.training.recipes.surrogates import LOW_TRIANGLE
from convert.training.wave.aim import Goals
from convert.training.wave.kernels import Surrogate
from convert.training.wave.recipe import Recipe, Stage
from convert.training.wave.simulate import ThroughSteps

SIGMA = 12**-0.5
SINGLE = 0.6
"""The share of the batches at one step, layers alone included."""


def single_step(count: int, goals: Goals, surrogate: Surrogate = LOW_TRIANGLE) -> Recipe:
    """On ``count`` batches: each layer for itself and all together in one step, then together in all steps."""
    alone, single = round(ALONE * count), round(SINGLE * count)
    last = stbp(count - single, goals, surrogate, alone=0.0)
    stages = (
        Stage(alone, ThroughSteps(surrogate, local=True), (FEATURES[0], FEATURES[0]), SIGMA),
        Stage(single - alone, ThroughSteps(surrogate), FEATURES, SIGMA),
        last.stages[-1],
    )
    return replace(last, stages=stages)
