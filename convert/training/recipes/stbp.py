"""Spatio-temporal backpropagation: the gradient goes back through every step, a spike's derivative is a surrogate.

    u[t] = v[t - 1] + sum of w s[t - 1] + b;  s[t] = [u[t] > 1];  v[t] = u[t] (1 - s[t]);  ds / du = surrogate(u - 1)

First each layer alone learns its own activations from the spikes that it gets, then all of them together the outputs
and the labels. Sources: Wu et al. 2018 ("Spatio-Temporal Backpropagation for Training High-Performance Spiking Neural
Networks"); no gradient goes through a reset. Shares and rates are chosen by trials on a ResNet-20: docs/few-spikes.md.
"""

from __future__ import annotations

from convert.training.recipes.surrogates import LOW_TRIANGLE
from convert.training.wave.aim import Goals
from convert.training.wave.kernels import Surrogate
from convert.training.wave.recipe import Recipe, Stage
from convert.training.wave.simulate import ThroughSteps

ALONE = 0.1
"""The share of the batches in which layers learn alone."""

FEATURES = 0.2, 0.002
"""Weights of the difference of each layer's rates from the activations of the original, at first and at the end."""


def stbp(
    count: int, goals: Goals, surrogate: Surrogate = LOW_TRIANGLE, *, alone: float = ALONE, learning_rate: float = 5e-3
) -> Recipe:
    """On ``count`` batches, a share ``alone`` of them each layer for itself."""
    first = round(alone * count)
    stages = (
        Stage(first, ThroughSteps(surrogate, local=True), (FEATURES[0], FEATURES[0])),
        Stage(count - first, ThroughSteps(surrogate), FEATURES),
    )
    return Recipe(stages, goals, learning_rate)


def stbp_from_scratch(
    count: int,
    surrogate: Surrogate = LOW_TRIANGLE,
    *,
    penalty: float = 0.0,
    learning_rate: float = 2e-2,
    averaged: float = 0.0,
) -> Recipe:
    """On ``count`` batches, towards labels alone: without a teacher, biases and pulses."""
    goals = Goals(penalty=penalty)
    stages = (Stage(count, ThroughSteps(surrogate), (0.0, 0.0)),)
    return Recipe(stages, goals, learning_rate, averaged=averaged, weights_alone=True)
