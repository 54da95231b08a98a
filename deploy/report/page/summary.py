"""All runs of a page side by side."""

from __future__ import annotations

from deploy.report.content import EnergyReport, ReportedRun
from deploy.report.words.points_text import point_value, steps_text
from deploy.report.words.si import range_text, si, times
from deploy.report.words.verdict import verdict_of

from .table import Cell, Columns, PageTable, Row, row, table, text


def comparison(report: EnergyReport) -> PageTable:
    """A row for each run: what it reaches at its first operating point, and what that costs."""
    columns: Columns = (
        "run",
        *text("target"),
        "images",
        *text("at"),
        "metric",
        "steps",
        "energy, estimated",
        "lowest to highest",
        "times the best CPU row",
        "chips",
        "messages between chips",
    )
    return table("The runs side by side", columns, (_row(report, run, i) for i, run in enumerate(report.runs, 1)))


def _row(report: EnergyReport, run: ReportedRun, number: int) -> Row:
    found = verdict_of(report, run)
    point, joules = found.point or (run.points[0] if run.points else None), found.cost and found.cost.joules
    return row(
        Cell(run.run, href=f"#run-{number}"),
        run.target,
        f"{run.images:,}",
        point.name if point else "–",
        point_value(point) if point else "–",
        steps_text(point) if point else str(run.timesteps),
        si(joules.nominal, "J") if joules else "–",
        range_text(joules.low, joules.high, "J") if joules else "–",
        times(found.cpu.ratio) if found.cpu else "–",
        str(run.partition.chips or "–"),
        si(run.interchip_messages),
    )
