"""What a number of time steps buys: the knee of the curve, and a few rows of it for a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from convert.report import Metrics

from .report import Knee, MetricName, StepRow

TOLERANCE: Mapping[MetricName, float] = {"accuracy": 0.01, "pixel_accuracy": 0.005}
"""How much of the metric, by which steps are chosen, may be given up for fewer of them."""
ROUNDING = 1e-9
"""0.9 - 0.06 is 0.8400000000000001, which 0.84 shall reach."""

Row = TypeVar("Row")


def knee(rows: Sequence[StepRow], ann: Metrics, tolerance: float | None = None) -> Knee | None:
    """The row with the fewest steps whose metric is within ``tolerance`` of the ANN's, or if none is, of the best.

    ``rows`` ascend in ``timesteps``. Beside the row the result says what it was compared with.
    """
    metric = next((name for name in TOLERANCE if rows and rows[0].value(name) is not None), None)
    if metric is None:
        return None
    tolerance = TOLERANCE[metric] if tolerance is None else tolerance
    values = [row.value(metric) or 0.0 for row in rows]
    best, wanted = max(values), ann.get(metric)
    near = wanted is not None and best >= wanted - tolerance - ROUNDING
    value = wanted if wanted is not None and near else best
    row = next(row for row, v in zip(rows, values, strict=True) if v >= value - tolerance - ROUNDING)
    return Knee(
        **msgspec.structs.asdict(row),
        metric=metric,
        reference="ann" if near else "best",
        reference_value=value,
        tolerance=tolerance,
    )


def spread(rows: Sequence[Row], count: int = 8) -> list[Row]:
    """At most ``count`` of the rows, evenly drawn, the last one among them."""
    return list(rows[:: -max(1, -(-len(rows) // count))][::-1])
