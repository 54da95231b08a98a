"""The page of a search: accuracy and joules of every candidate, the winner and those that are not beaten."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from convert.data.metric_registry import METRICS, MetricName
from deploy.report.page.html import environment
from deploy.report.page.table import Columns, PageTable, row, table, text
from deploy.report.plots.pareto_plot import front_plot
from deploy.report.words.si import si
from deploy.sweep.front import front_of, unbeaten
from deploy.sweep.page import last_of_each
from deploy.sweep.rows import problems_of

from .rows import SearchRow


def page_of(rows: Sequence[SearchRow], data: str) -> str:
    """One HTML file that needs nothing else; ``rows`` of a search, the winner's last, measured on ``data``."""
    candidates = [row for row in rows if row.generation is not None]
    winner = [row for row in rows if row.key == rows[-1].key]
    front = front_of(candidates, data, lambda row: f"generation {1 + (row.generation or 0)}")
    return (
        environment()
        .get_template("search.html")
        .render(
            front=front,
            plot=front_plot("search", front),
            one="candidate",
            winner=winner[-1],
            of_winner=_table("The winner, trained longer", winner),
            unbeaten=_table("Not beaten in accuracy, energy and chips together", unbeaten(candidates)),
            every=_table("Every candidate at its last step", last_of_each(candidates)),
            trials=len({row.key for row in candidates}),
            problems=problems_of(candidates),
        )
    )


def _table(caption: str, rows: Sequence[SearchRow]) -> PageTable:
    metric = METRICS[cast("MetricName", rows[0].metric)]
    columns: Columns = (
        *text("architecture"),
        "generation",
        "time steps",
        metric.title,
        "of the model without spikes",
        "energy",
        "chips",
        "parameters",
    )
    return table(
        caption,
        columns,
        [
            row(
                each.trial,
                "" if each.generation is None else str(1 + each.generation),
                str(each.timesteps),
                metric.text(each.value or 0.0),
                metric.text(each.original or 0.0),
                si(each.joules, "J"),
                str(each.chips),
                f"{each.parameters:,}",
            )
            for each in rows
        ],
    )
