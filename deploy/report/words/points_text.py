"""The operating points for the terminal: what they cost, by part, which constant matters, and the break-even."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table

from convert.data.metric_registry import METRICS
from deploy.report.content import ReportedRun
from deploy.report.points import BreakEven, FrontPoint, OperatingPoint, PointCost, Tornado

from .si import range_text, si, table_of

SWINGS = 5
"""Constants in the terminal's tornado: the others change the total by little."""
WIDTH = 20
"""Characters of the widest bar."""


def points_tables(run: ReportedRun) -> Iterator[Table]:
    """Energy at each operating point with its range, its parts at the first one, and what matters by the first set."""
    priced = [point for point in run.points if point.costs]
    if not priced:
        return
    yield _ranges(priced)
    yield _parts(priced[0])
    for tornado in run.tornados[:1]:
        yield _tornado(tornado)


def set_name(device: str) -> str:
    """'Davies 2018' for 'Loihi (Davies 2018)'."""
    return device.removeprefix("Loihi (").removesuffix(")")


def point_value(point: OperatingPoint) -> str:
    """The metric reached there; a dash without one."""
    return "–" if point.metric is None else METRICS[point.metric].text(point.value)


def steps_text(point: OperatingPoint | FrontPoint) -> str:
    """'41' or, for a mean that is no whole number, '41.3'."""
    return f"{point.timesteps:.1f}".removesuffix(".0")


def _ranges(points: Sequence[OperatingPoint]) -> Table:
    metric = next((METRICS[p.metric].title for p in points if p.metric is not None), "metric").replace(" ", "\n")
    table = table_of("Energy of one inference on Loihi (estimated)")
    for column in ("at", "steps", metric, "constants", "nominal", "low to high", "time"):
        table.add_column(column, justify="left" if column in ("at", "constants") else "right", no_wrap=True)
    for point in points:
        for i, cost in enumerate(point.costs):
            first = (point.name, steps_text(point), point_value(point)) if i == 0 else ("", "", "")
            joules = (si(cost.joules.nominal, "J"), range_text(cost.joules.low, cost.joules.high, "J"))
            table.add_row(*first, set_name(cost.device), *joules, si(cost.seconds.nominal, "s"))
    return table


def _parts(point: OperatingPoint) -> Table:
    table = table_of(f"Parts at {point.name}, and one image at so many a second")
    for column in ("", *(set_name(cost.device) for cost in point.costs)):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for part in point.costs[0].parts:
        table.add_row(part, *(_with_share(cost, part) for cost in point.costs))
    table.add_row("busy", *(f"{si(c.joules.nominal, 'J')} at {si(c.frames_per_second)}/s" for c in point.costs))
    for rate in point.costs[0].joules_at_frames_per_second:
        table.add_row(f"{rate}/s", *(si(c.joules_at_frames_per_second[rate], "J") for c in point.costs))
    return table


def _with_share(cost: PointCost, part: str) -> str:
    return f"{si(cost.parts[part], 'J')} {100 * cost.parts[part] / cost.joules.nominal:3.0f} %"


def _tornado(tornado: Tornado) -> Table:
    title = f"Which constant matters: {set_name(tornado.device)}, {si(tornado.joules, 'J')} at {tornado.point}"
    table = table_of(title)
    for column in ("constant", "at its low", "at its high", ""):
        table.add_column(column, justify="left" if column in ("constant", "") else "right", no_wrap=True)
    widest = max((swing.joules for swing in tornado.swings), default=1.0)
    for swing in tornado.swings[:SWINGS]:
        bar = "#" * max(1, round(WIDTH * swing.joules / widest))
        table.add_row(swing.constant.replace("_", " "), si(swing.joules_low, "J"), si(swing.joules_high, "J"), bar)
    return table


def break_even_lines(lines: Sequence[BreakEven]) -> Iterator[str]:
    """At the first operating point, one sentence for each spiking chip."""
    yield from (break_even_line(line) for line in lines if line.point == lines[0].point)


def break_even_line(line: BreakEven) -> str:
    """At how many spikes the chip would need as much as the best processor."""
    start = (
        f"Break-even at {line.point}, {set_name(line.device)}, with {line.processor} ({si(line.processor_joules, 'J')})"
    )
    if line.spikes_factor is None:
        return f"{start}: none; without a spike the chip needs {si(line.joules_silent, 'J')}"
    spikes = "" if line.spikes_per_update is None else f", {line.spikes_per_update:.3g} per neuron and step"
    return f"{start}: at {line.spikes_factor:.3g} times the spikes of today{spikes}, {si(line.synops)} synops"
