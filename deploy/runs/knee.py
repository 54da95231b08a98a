"""What a number of time steps buys: the knee of the curve, and a few rows of it for a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from convert.data.metric_registry import METRICS, chosen_by
from convert.report import Metrics

from .report import Knee, StepRow

Row = TypeVar("Row")


def knee(rows: Sequence[StepRow], ann: Metrics, tolerance: float | None = None) -> Knee | None:
    """The row with the fewest steps whose metric is within ``tolerance`` of the ANN's, or if none is, of the best.

    ``rows`` ascend in ``timesteps``. Beside the row the result says what it was compared with. None without a metric to
    choose by.
    """
    defined: list[tuple[StepRow, float]] = []
    name = chosen_by([name for name in METRICS if rows and rows[-1].value(name) is not None])
    if name is not None:
        defined = [(row, value) for row in rows if (value := row.value(name)) is not None]
    if name is None or not defined:
        return None
    metric, wanted = METRICS[name], ann.get(name)
    tolerance = (metric.tolerance or 0.0) if tolerance is None else tolerance
    best = metric.best(value for _, value in defined)
    near = wanted is not None and metric.reaches(best, wanted, tolerance)
    value = wanted if wanted is not None and near else best
    row = next(row for row, v in defined if metric.reaches(v, value, tolerance))
    return Knee(
        **msgspec.structs.asdict(row),
        metric=name,
        reference="ann" if near else "best",
        reference_value=value,
        tolerance=tolerance,
    )


def spread(rows: Sequence[Row], count: int = 8) -> list[Row]:
    """At most ``count`` of the rows, evenly drawn, the last one among them."""
    return list(rows[:: -max(1, -(-len(rows) // count))][::-1])
