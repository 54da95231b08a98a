"""How a wave is trained, as its recipes say it: stages, one after the other, and what they make small."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from convert.training.descent import Values
from convert.training.wave.aim import Aim, Backward, Goals
from convert.training.wave.pruning import chosen_for_good, share_left_out

Adapt = Callable[[Values, Mapping[str, NDArray[np.float32]], int], Values]
"""From thresholds and what else is known of layers, what backward ``noticed`` in a batch, and the batch's number, to
those of the next."""


@dataclass(frozen=True)
class Stage:
    """So many ``batches`` whose gradient goes ``backward``, the learning rate one cosine.

    ``features`` weigh the difference of each layer's rates from the activations of the original, at first and at the
    end. With ``noise`` each layer takes one step, its potential with noise of that deviation in thresholds.
    """

    batches: int
    backward: Backward
    features: tuple[float, float]
    noise: float | None = None


@dataclass(frozen=True)
class Adapted:
    """Thresholds that follow what ``after`` each batch is known, from the values of ``start`` by layer on."""

    start: Callable[[Sequence[str]], Values]
    after: Adapt


@dataclass(frozen=True)
class Recipe:
    """How a wave is trained: ``stages`` towards ``goals``; the learning rate rises over the share ``warm`` of each
    stage, to ``learning_rate`` relative to each tensor's size. What is given at the end is a mean of the values after
    each batch of the last stage, whose weights fall by a factor e over the share ``averaged`` of it; 0: the last ones.
    With ``weights_alone`` no bias or pulse is trained, and every weight for itself. In the last stage kernels lose the
    share ``pruned`` of their weights.
    """

    stages: tuple[Stage, ...]
    goals: Goals = field(default_factory=Goals)
    learning_rate: float = 5e-3
    warm: float = 0.02
    adapted: Adapted | None = None
    averaged: float = 0.0
    weights_alone: bool = False
    pruned: float = 0.0

    @property
    def count(self) -> int:
        """Batches of all stages."""
        return sum(stage.batches for stage in self.stages)

    @property
    def starts(self) -> list[int]:
        """The batch with which each stage starts."""
        return [sum(stage.batches for stage in self.stages[:k]) for k in range(len(self.stages))]

    def continued(self) -> Recipe:
        """The same for a wave that has been trained: all batches in the last stage, where activations matter little."""
        *_, last = self.stages
        first, end = last.features
        stage = replace(last, batches=self.count, features=(first / 10, end))
        return replace(self, stages=(stage,), learning_rate=0.6 * self.learning_rate)

    def at(self, batch: int) -> tuple[Stage, float]:
        """The stage of ``batch``, and the share of it that is over when the batch comes."""
        start, stage = [
            (start, stage) for start, stage in zip(self.starts, self.stages, strict=True) if start <= batch
        ][-1]
        return stage, (batch - start) / max(1, stage.batches)

    def left_out(self, batch: int, lost: float = 0.0) -> tuple[float, bool]:
        """The share of kernels' weights that ``batch`` leaves out, and whether the choice of them stays; a network that
        has ``lost`` a share before does not get it back."""
        done = (batch - self.starts[-1]) / max(1, self.stages[-1].batches)
        if lost >= self.pruned:
            return lost, lost > 0
        return (max(lost, share_left_out(self.pruned, max(0.0, done))), chosen_for_good(done))

    def aim(self, batch: int, seed: int) -> Aim:
        stage, done = self.at(batch)
        first, last = stage.features
        return Aim(self.goals, first + (last - first) * done, stage.backward, stage.noise, (seed, batch))
