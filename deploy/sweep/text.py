"""Rows of a table of trials in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from convert.console.terminal import table
from convert.data.metric_registry import METRICS, MetricName
from deploy.report.words.si import si

from .rows import SweepRow


def show_rows(title: str, what: str, rows: Sequence[SweepRow]) -> None:
    """Prints accuracy, energy and chips of ``rows``, of which each is a ``what``."""
    metric = METRICS[cast("MetricName", rows[0].metric)]
    table(
        title,
        (what, "steps", metric.title, "energy", "chips"),
        [(row.trial, row.timesteps, metric.text(row.value or 0.0), si(row.joules, "J"), row.chips) for row in rows],
    )
