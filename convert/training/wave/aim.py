"""What a batch of training makes small, and how the gradient of it goes back through the layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from convert.training.gradients import LossAndGradient, cross_entropy, distillation
from convert.training.wave.layers import Layer
from convert.training.wave.simulate import Gradient, Passed, Wanted

Backward = Callable[[Sequence[Layer], Sequence[tuple[Passed, Mapping[str, Wanted]]]], Gradient]
"""From layers and images, each with the gradients of its loss with respect to spikes by layer, to the sum over images
of those with respect to all that is trained."""


@dataclass(frozen=True)
class RateBounds:
    """The ``percentile`` of each channel's rates is to lie between half of ``high`` spikes a step of the window and
    ``high``; the loss weighs ``weight``."""

    weight: float
    percentile: float = 99.9
    high: float = 0.5


@dataclass(frozen=True)
class Goals:
    """What training makes small: ``loss`` is that of outputs before their activation with the teacher's, ``of_labels``
    with the labels, weighed by ``labels``; ``penalty`` weighs a million synaptic operations, ``rates`` bounds the
    layers' rates."""

    loss: LossAndGradient = distillation
    of_labels: LossAndGradient | None = cross_entropy
    labels: float = 1.0
    penalty: float = 0.0
    rates: RateBounds | None = None


@dataclass(frozen=True)
class Aim:
    """The ``goals`` of a batch and, weighed by ``features``, the difference of each layer's rates from the teacher's
    activities, whose gradient goes ``backward``.

    ``noise`` is the deviation, in thresholds, of what is added to potentials, drawn from ``seed`` and an image's number
    in the batch; None: nothing is, and hosts round.
    """

    goals: Goals
    features: float
    backward: Backward
    noise: float | None = None
    seed: tuple[int, ...] = ()
