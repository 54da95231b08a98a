"""The report for the terminal: for each run the verdict, its operating points and the devices, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UnsetType
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from convert.data.metric_registry import METRICS
from deploy.device_report import DeviceReport
from deploy.energy.published import published_rows
from deploy.report.content import EnergyReport, ReportedRun
from deploy.runs.knee import spread
from deploy.runs.report import Knee, StepRow

from .points_text import break_even_lines, points_tables
from .si import si, table_of
from .text import NO_ANN, metric_lines, steps_lines, summary_line, time_of, total_of
from .verdict import verdict_of

LOADED = "* other processes kept this machine busy meanwhile"


def renderables(report: EnergyReport) -> Iterator[RenderableType]:
    """Lines and tables, run after run; names from files are no markup."""
    for run in report.runs:
        for part in _run(report, run):
            yield Text(part) if isinstance(part, str) else part
    for line in _published(report):
        yield Text(line)


def _published(report: EnergyReport) -> Iterator[str]:
    """The user's own rows; the program's are on the page."""
    for row in report.published:
        if row not in published_rows():
            found = ", ".join(text for text in (total_of(row), time_of(row)) if text != si(None))
            yield f"{row.name}, with another network ({row.network}): {found or 'dynamic energy on the page'}"
    if report.published:
        yield f"What others measured with other networks: {len(report.published)} rows on the page."


def _run(report: EnergyReport, run: ReportedRun) -> Iterator[Table | str]:
    yield f"{run.run}: {summary_line(run)}"
    yield verdict_of(report, run).sentence
    if run.metrics.ann is None:
        yield "; ".join(f"{name} {snn}" for name, _, snn in metric_lines(run.metrics))
        yield NO_ANN
    else:
        yield "; ".join(f"{name} {snn} (ANN {ann})" for name, ann, snn in metric_lines(run.metrics))
    yield from points_tables(run)
    yield from break_even_lines(report.break_even_of(run.run))
    if run.knee:
        yield _steps_table(run, run.knee)
        yield from steps_lines(run)
    yield from _devices(report, run)


def _devices(report: EnergyReport, run: ReportedRun) -> Iterator[Table | str]:
    devices = [device for device in report.devices_of(run.run) if device.kind != "spiking chip"]
    if devices:
        yield _devices_table(run, devices)
        if any(map(_is_loaded, devices)):
            yield LOADED
    for source in dict.fromkeys(device.source for device in devices):
        yield f"Source: {source}"
    for entry in report.absent_of(run.run):
        yield f"{entry.name}: {entry.reason}"


def _devices_table(run: ReportedRun, devices: list[DeviceReport]) -> Table:
    """The processors; batch and threads stand apart from the name, so that no row needs a second line."""
    metric = next((name for name in METRICS if name in (run.metrics.ann or {})), None)
    table = table_of("Energy of one inference on processors")
    heads = ("device", "batch, threads", "total", "time", "how", METRICS[metric].title if metric else "")
    for head in heads:
        left = head in ("device", "how")
        table.add_column(head.replace(" ", "\n"), justify="left" if left else "right", no_wrap=True)
    for device in devices:
        run_here = None if isinstance(device.execution, UnsetType) else device.execution
        name = f"{run_here.engine} {run_here.precision}" if run_here else device.name.removeprefix("this CPU, ")
        metrics = None if run_here is None or isinstance(run_here.metrics, UnsetType) else run_here.metrics
        table.add_row(
            name,
            f"{device.batch}, {run_here.threads}" if run_here else "",
            si(device.joules_per_inference.total, "J"),
            si(device.seconds_per_inference, "s") + ("*" if _is_loaded(device) else ""),
            "measured" if device.measured else "estimated",
            METRICS[metric].text(metrics.get(metric)) if metrics is not None and metric else "",
        )
    return table


def _is_loaded(device: DeviceReport) -> bool:
    return not isinstance(device.execution, UnsetType) and device.execution.loaded


def _steps_table(run: ReportedRun, knee: Knee) -> Table:
    """What fewer time steps bring, the knee's row marked."""
    some: dict[float, StepRow] = {row.timesteps: row for row in (*spread(run.metrics.by_timestep), knee)}
    device = next(iter(knee.joules), None)
    table = table_of(f"Time steps{f', energy on {device}' if device else ''}")
    for column in ("steps", METRICS[knee.metric].title, "synops", "energy", "time", ""):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for steps, row in sorted(some.items()):
        table.add_row(
            str(steps),
            METRICS[knee.metric].text(row.value(knee.metric)),
            si(row.synops),
            si(row.joules.get(device or ""), "J"),
            si(row.seconds.get(device or ""), "s"),
            "< the knee" if steps == knee.timesteps else "",
        )
    return table
