"""Which trials are not beaten: by accuracy over joules, and by accuracy, joules and chips together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from convert.data.metric_registry import METRICS, MetricName
from deploy.choice.score import DEVICE
from deploy.report.pareto import marked
from deploy.report.points import Front, FrontPoint

from .rows import Kind


def front_of(rows: Sequence[Kind], data: str, run: Callable[[Kind], str]) -> Front:
    """Every row that has a value as a point; ``run`` names what it belongs to, and ``data`` what it was measured on."""
    valued = [row for row in rows if row.value is not None]
    metric, images = cast("MetricName", valued[0].metric), valued[0].images or 0
    points = [
        FrontPoint(
            run=run(row),
            recipe=row.recipe,
            early_exit=False,
            timesteps=row.timesteps or 0,
            value=row.value or 0.0,
            joules=row.joules or 0.0,
        )
        for row in valued
    ]
    return Front(data=data, images=images, metric=metric, device=DEVICE.name, points=marked(points, metric))


def unbeaten(rows: Sequence[Kind]) -> list[Kind]:
    """Rows that no other one beats: at least as accurate, for no more joules, on no more chips, and better in one.

    Of rows that are alike the first; from the fewest joules to the most.
    """
    valued = [row for row in rows if row.value is not None]
    if not valued:
        return []
    sign = -1 if METRICS[cast("MetricName", valued[0].metric)].higher_is_better else 1
    costs = {id(row): (sign * (row.value or 0.0), row.joules or 0.0, row.chips or 0) for row in valued}

    def beaten(row: Kind) -> bool:
        own = costs[id(row)]
        return any(
            other != own and all(a <= b for a, b in zip(other, own, strict=True)) for other in set(costs.values())
        )

    first: dict[tuple[float, float, int], Kind] = {}
    for row in valued:
        first.setdefault(costs[id(row)], row)
    return sorted((row for row in first.values() if not beaten(row)), key=lambda row: row.joules or 0.0)
