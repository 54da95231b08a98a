"""What a network is chosen by, and which of the points that were measured does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from convert.choice_report import TriedNetwork, TriedPoint
from convert.data.metric_registry import METRICS, MetricName


@dataclass(frozen=True)
class Wanted:
    """What may be lost of the original's metric, in points of 100 (of mse: per cent), and the joules that an inference
    may need; None: not asked for."""

    accuracy_loss: float | None = None
    joules: float | None = None

    def problems(self) -> list[str]:
        """What is wrong with it, one sentence for each."""
        problems = []
        if self.accuracy_loss is not None and not (isfinite(self.accuracy_loss) and self.accuracy_loss >= 0):
            problems.append(f"accuracy_loss is {self.accuracy_loss}; give points of 100, a number that is not negative")
        if self.joules is not None and not (isfinite(self.joules) and self.joules > 0):
            problems.append(f"joules is {self.joules}; give a number above 0, as 0.002 for 2 mJ")
        return problems

    def near(self, point: TriedPoint, metric: MetricName, original: float) -> bool:
        """Whether ``point`` loses no more than it may."""
        return self.accuracy_loss is None or METRICS[metric].reaches(point.value, original, self.accuracy_loss / 100)

    def cheap(self, point: TriedPoint) -> bool:
        """Whether ``point`` needs no more than it may."""
        return self.joules is None or point.joules <= self.joules

    def chosen(
        self, trials: Sequence[TriedNetwork], metric: MetricName, original: float
    ) -> tuple[int, TriedPoint] | None:
        """The trial and the point of it: the cheapest that is near enough, or without a loss to keep to the best one
        that is cheap enough. None if there is none."""
        found = [
            (k, point)
            for k, trial in enumerate(trials)
            for point in trial.points
            if self.near(point, metric, original) and self.cheap(point)
        ]
        if not found:
            return None
        if self.accuracy_loss is not None:
            return min(found, key=lambda at: at[1].joules)
        sign = -1 if METRICS[metric].higher_is_better else 1
        return min(found, key=lambda at: (sign * at[1].value, at[1].joules))
