"""The report for the terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from msgspec import UnsetType
from rich.console import Console, Group, RenderableType
from rich.table import Table

from convert.data.metric_registry import METRICS
from deploy.device_report import DeviceReport
from deploy.energy.published import PublishedRow
from deploy.runs.knee import spread
from deploy.runs.report import Knee, RunMetrics, StepRow

from .content import EnergyReport, ReportedRun
from .points_text import break_even_lines, points_tables
from .si import si, table_of

NO_ANN = "There is no ANN to compare with: the model that was converted does not lie in the bundle"


def how(device: DeviceReport) -> str:
    """Whether the energy of a device was measured, and whether the machine had other work meanwhile."""
    run = device.execution
    loaded = "" if isinstance(run, UnsetType) or not run.loaded else "loaded"
    if device.measured:
        return f"measured, {loaded}" if loaded else "measured"
    if device.time_measured is not True:
        return "estimated"
    return f"estimated (time measured{loaded and ', '}{loaded})"


def quality(device: DeviceReport) -> str:
    """How well the device's own form of the model does on the run's images, by the main metric; '' if it has none."""
    if isinstance(device.execution, UnsetType) or isinstance(device.execution.metrics, UnsetType):
        return ""
    found = device.execution.metrics
    return next((f"{METRICS[n].title} {METRICS[n].text(found[n])}" for n in METRICS if n in found), "")


def metric_lines(metrics: RunMetrics) -> list[tuple[str, str, str]]:
    """(name, ANN, SNN) of every metric that either has; a dash for what is missing."""
    ann, snn = metrics.ann or {}, metrics.snn
    known = [(key, metric) for key, metric in METRICS.items() if key in ann or key in snn]
    return [
        (metric.with_direction(metric.title), metric.text(ann.get(key)), metric.text(snn.get(key)))
        for key, metric in known
    ]


def renderables(report: EnergyReport) -> Iterator[RenderableType]:
    """For each run a heading, its metrics in a line and the table of devices."""
    for run in report.runs:
        yield from _run_text(report, run)
    if report.published:
        yield _published_table(report.published)
        yield "Their sources are on the page and in report.json."


def text_report(report: EnergyReport, width: int = 110) -> str:
    """The report as plain text of ``width`` columns."""
    console = Console(file=io.StringIO(), width=width, color_system=None, highlight=False, legacy_windows=False)
    console.print(Group(*renderables(report)))
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"


def summary_line(run: ReportedRun) -> str:
    """What was run, in one sentence."""
    parts = [f"{run.images} images on {run.target}", f"{run.timesteps} time steps"]
    if run.partition.chips:
        parts.append(f"{run.partition.cores} cores on {run.partition.chips} chips")
    if run.spikes is not None:
        parts.append(f"{si(run.spikes)} spikes, {si(run.synops)} synops for each image")
    return "; ".join(parts)


def _run_text(report: EnergyReport, run: ReportedRun) -> Iterator[RenderableType]:
    yield f"{run.run}: {summary_line(run)}"
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
    table = table_of("Energy of one inference")
    for column in ("device", "total", "dynamic", "time"):
        table.add_column(column, justify="left" if column == "device" else "right", no_wrap=column != "device")
    table.add_column("how, and the source")
    for device in report.devices_of(run.run):
        table.add_row(
            device.name,
            si(device.joules_per_inference.total, "J"),
            si(device.joules_per_inference.dynamic, "J"),
            si(device.seconds_per_inference, "s"),
            "; ".join(filter(None, (f"{how(device)}: {device.source}", quality(device)))),
        )
    yield table
    for entry in report.absent_of(run.run):
        yield f"{entry.name}: {entry.reason}"


def _published_table(rows: Sequence[PublishedRow]) -> Table:
    table = table_of("Measured by others, each with another network: orders of magnitude, no comparison")
    for column in ("device", "total", "dynamic", "time"):
        table.add_column(column, justify="left" if column == "device" else "right", no_wrap=column != "device")
    table.add_column("another network")
    for row in rows:
        dynamic = si(row.dynamic_joules or None, "J")
        table.add_row(row.name, total_of(row), dynamic, time_of(row), row.network)
    return table


def total_of(row: PublishedRow) -> str:
    """The total energy of one inference, or its range."""
    if row.total_joules is None:
        return si(None)
    low, high = row.total_joules
    return si(low, "J") if low == high else f"{si(low, 'J')} to {si(high, 'J')}"


def time_of(row: PublishedRow) -> str:
    """What a source says of time, in its own measure."""
    if row.seconds_per_inference:
        return si(row.seconds_per_inference, "s")
    if row.seconds_per_step:
        return f"{si(row.seconds_per_step, 's')} a step"
    return f"{row.frames_per_second:g} a second" if row.frames_per_second else si(None)


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


def steps_lines(run: ReportedRun) -> list[str]:
    """What fewer steps bring: the knee, and images stopped once settled."""
    return [line for line in (knee_line(run), early_line(run)) if line]


def knee_line(run: ReportedRun) -> str | None:
    """The fewest steps that are enough, and by which rule; None without a metric to choose by."""
    knee = run.knee
    if knee is None:
        return None
    metric = METRICS[knee.metric]
    of = {"ann": "the ANN's {}", "best": "the best, {} (none comes so near the ANN's)"}[knee.reference]
    if run.metrics.ann is None:
        of = "the best, {}"
    return (
        f"Knee: {knee.timesteps} steps, the fewest whose {metric.title} is within {metric.of(knee.tolerance)} of "
        f"{of.format(metric.text(knee.reference_value))}"
    )


def early_line(run: ReportedRun) -> str | None:
    """What stopping settled images early brings on images that did not choose the threshold."""
    early = run.early
    if early is None or early.held_out is None:
        return None
    stop, metric = early.held_out, METRICS[early.metric]
    energy = next((f", {si(joules, 'J')} ({device})" for device, joules in stop.joules.items()), "")
    source = f"chosen on {stop.chosen_on} others" if stop.chosen_on else "given"
    return (
        f"Stopped once settled: {metric.title} {metric.text(stop.value(early.metric))} after "
        f"{stop.timesteps:.1f} steps on average{energy}; {metric.text(stop.all_steps)} after all "
        f"{run.timesteps} ({stop.images} images; threshold {stop.threshold:.4g}, {source})"
    )
