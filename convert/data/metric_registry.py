"""Every metric by its name: what people call it, whether more of it is better, and what fewer steps may cost of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from convert.report import Task

MetricName = Literal[
    "accuracy",
    "pixel_accuracy",
    "iou",
    "f1",
    "adapted_rand_error",
    "variation_of_information",
    "auc",
    "mse",
    "psnr",
]

LOWER = "(lower\N{NO-BREAK SPACE}is\N{NO-BREAK SPACE}better)"

ROUNDING = 1e-9
"""0.9 - 0.06 is 0.8400000000000001, which 0.84 shall reach."""


@dataclass(frozen=True)
class Metric:
    """One number that says how good outputs are.

    ``tolerance`` is what may be given up of it for fewer steps: a difference, or where ``relative`` a share of the
    value. None: steps are not chosen by it. What may be of ``any_size`` is written with digits instead of decimals.
    """

    title: str
    higher_is_better: bool = True
    tolerance: float | None = None
    relative: bool = False
    any_size: bool = False

    def reaches(self, value: float, wanted: float, tolerance: float) -> bool:
        """Whether ``value`` is as good as ``wanted``, or worse by ``tolerance`` at most."""
        given_up = tolerance * abs(wanted) if self.relative else tolerance
        lacking = wanted - value if self.higher_is_better else value - wanted
        return lacking <= given_up + ROUNDING * (abs(wanted) if self.relative else 1.0)

    def best(self, values: Iterable[float]) -> float:
        """The best of ``values``."""
        return max(values) if self.higher_is_better else min(values)

    def text(self, value: float | None, digits: int = 3) -> str:
        """``value`` with so many decimals, or so many digits where it may be of any size; a dash for None."""
        if value is None:
            return "–"
        return f"{value:.{digits}g}" if self.any_size else f"{value:.{digits}f}"

    def with_direction(self, words: str) -> str:
        """``words``, and where steps are chosen by it and lower is better, that it is."""
        return words if self.higher_is_better or self.tolerance is None else f"{words} {LOWER}"

    def of(self, tolerance: float) -> str:
        """A tolerance in words: points of 100, or per cent of the value."""
        points = 100 * tolerance
        return f"{points:g} %" if self.relative else f"{points:g} point{'' if points == 1 else 's'}"


METRICS: dict[MetricName, Metric] = {
    "accuracy": Metric("accuracy", tolerance=0.01),
    "pixel_accuracy": Metric("pixel accuracy", tolerance=0.005),
    "iou": Metric("IoU"),
    "f1": Metric("F1"),
    "adapted_rand_error": Metric("adapted Rand error", higher_is_better=False),
    "variation_of_information": Metric("variation of information", higher_is_better=False),
    "auc": Metric("AUC", tolerance=0.01),
    "mse": Metric("mean squared error", higher_is_better=False, tolerance=0.05, relative=True, any_size=True),
    "psnr": Metric("PSNR in dB"),
}

MAIN_METRIC: dict[Task, MetricName] = {
    "classification": "accuracy",
    "segmentation": "pixel_accuracy",
    "regression": "mse",
    "anomaly": "auc",
}
"""The one by which steps are chosen."""


def heading(name: MetricName) -> str:
    """The name over a column of a table."""
    return METRICS[name].with_direction(name.replace("_", " "))


def task_measured_by(metric: MetricName) -> Task:
    """The task whose main metric is ``metric``; of PSNR, which images have that are to be given, regression."""
    return "regression" if metric == "psnr" else next(task for task, name in MAIN_METRIC.items() if name == metric)


def chosen_by(defined: Sequence[MetricName]) -> MetricName | None:
    """The metric, of those that are ``defined``, by which steps are chosen."""
    return next((name for name, metric in METRICS.items() if metric.tolerance is not None and name in defined), None)
