"""What a number of time steps buys: the knee of the curve, and a few rows of it for a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

TOLERANCE = {"accuracy": 0.01, "pixel_accuracy": 0.005}
"""How much of the metric, by which steps are chosen, may be given up for fewer of them."""
ROUNDING = 1e-9
"""0.9 - 0.06 is 0.8400000000000001, which 0.84 shall reach."""


def chosen_metric(metrics: Mapping[str, Any]) -> str | None:
    """The metric of ``TOLERANCE`` that ``metrics`` has."""
    return next((name for name in TOLERANCE if metrics.get(name) is not None), None)


def knee(
    rows: Sequence[Mapping[str, Any]], ann: Mapping[str, float], tolerance: float | None = None
) -> dict[str, Any] | None:
    """The row with the fewest steps whose metric is within ``tolerance`` of the ANN's, or if none is, of the best.

    ``rows`` ascend in ``timesteps``. Beside the row the result says what it was compared with.
    """
    metric = chosen_metric(rows[0]) if rows else None
    if metric is None:
        return None
    tolerance = TOLERANCE[metric] if tolerance is None else tolerance
    best = max(row[metric] for row in rows)
    reference = "ann" if metric in ann and best >= ann[metric] - tolerance - ROUNDING else "best"
    value = ann[metric] if reference == "ann" else best
    row = next(row for row in rows if row[metric] >= value - tolerance - ROUNDING)
    return {**row, "metric": metric, "reference": reference, "reference_value": value, "tolerance": tolerance}


def spread(rows: Sequence[Mapping[str, Any]], count: int = 8) -> list[Mapping[str, Any]]:
    """At most ``count`` of the rows, evenly drawn, the last one among them."""
    return list(rows[:: -max(1, -(-len(rows) // count))][::-1])
