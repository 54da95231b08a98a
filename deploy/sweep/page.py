"""The page of a sweep: accuracy, joules and chips of every trial, and a table of those that are not beaten."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from convert.data.metric_registry import METRICS, MetricName
from deploy.report.page.html import environment
from deploy.report.page.table import Columns, PageTable, row, table, text
from deploy.report.plots.pareto_plot import front_plot
from deploy.report.words.si import counted, si

from .front import front_of, unbeaten
from .rows import Kind, SweepRow, problems_of


def page_of(rows: Sequence[SweepRow], model: str, data: str) -> str:
    """One HTML file that needs nothing else; ``rows`` of the sweep of ``model``, measured on ``data``."""
    front = front_of(rows, data, lambda row: counted(row.chips or 0, "chip"))
    original = next(row.original for row in rows if row.original is not None)
    metric = METRICS[front.metric]
    return (
        environment()
        .get_template("sweep.html")
        .render(
            model=model,
            one="trial",
            front=front,
            original=f"{metric.title} {metric.text(original)}",
            plot=front_plot("sweep", front),
            unbeaten=_table("Not beaten in accuracy, energy and chips together", unbeaten(rows)),
            every=_table("Every trial at its last step", last_of_each(rows)),
            trials=len({row.key for row in rows}),
            problems=problems_of(rows),
        )
    )


def last_of_each(rows: Sequence[Kind]) -> list[Kind]:
    """Of each trial the row with the most steps."""
    found: dict[str, Kind] = {}
    for each in rows:
        if each.value is not None and (
            each.key not in found or (each.timesteps or 0) > (found[each.key].timesteps or 0)
        ):
            found[each.key] = each
    return list(found.values())


def _table(caption: str, rows: Sequence[SweepRow]) -> PageTable:
    metric = METRICS[cast("MetricName", rows[0].metric)]
    columns: Columns = (*text("trial"), "time steps", metric.title, "energy", "chips", "synaptic operations")
    return table(
        caption,
        columns,
        [
            row(
                each.trial,
                str(each.timesteps),
                metric.text(each.value or 0.0),
                si(each.joules, "J"),
                str(each.chips),
                si(each.synops),
            )
            for each in rows
        ],
    )
