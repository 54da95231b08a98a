"""conversion.json's part on networks that were tried, where one was chosen by its accuracy and its energy."""

from __future__ import annotations

import msgspec


class TriedPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A trial read out after ``timesteps``: its metric, measured on exact integers; joules for an inference, estimated
    with nominal constants and with all of them at their lowest and highest; events of an inference, counted."""

    timesteps: int
    value: float
    joules: float
    joules_low: float
    joules_high: float
    synops: float
    spikes: float


class TriedNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """One trial: ``what`` it is, the chips that it takes, and the points at which it may be read out."""

    what: str
    chips: int
    points: tuple[TriedPoint, ...]


class ChoiceReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, and which of the trials does it.

    ``accuracy_loss`` is in points of 100 of ``metric`` (of mse: per cent), ``joules`` for an inference on ``device``;
    None: not asked for. ``original`` is the metric of the model as it was given, on the same ``images`` of ``data``.
    ``chosen`` is the place of the trial.
    """

    accuracy_loss: float | None = None
    joules: float | None = None
    metric: str
    original: float
    images: int
    data: str
    device: str
    trials: tuple[TriedNetwork, ...]
    chosen: int
    timesteps: int

    @property
    def point(self) -> TriedPoint:
        """The point that was chosen."""
        return next(p for p in self.trials[self.chosen].points if p.timesteps == self.timesteps)
