"""What the page and the terminal say alike: metrics, sources, steps that are enough."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from convert.data.metric_registry import METRICS
from deploy.device_report import DeviceReport
from deploy.energy.published import PublishedRow
from deploy.report.content import PlacementSummary, ReportedRun
from deploy.runs.report import RunMetrics

from .si import counted, range_text, si

NO_ANN = "There is no ANN to compare with: none lies in the bundle"


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


def summary_line(run: ReportedRun) -> str:
    """What was run, in one sentence."""
    parts = [f"{counted(run.images, 'image')} on {run.target}", counted(run.timesteps, "time step")]
    if run.partition.chips:
        parts.append(f"{cores_of(run.partition)} on {counted(run.partition.chips, 'chip')}")
    if run.spikes is not None:
        parts.append(f"{si(run.spikes)} spikes, {si(run.synops)} synops for each image")
    return "; ".join(parts)


def cores_of(placement: PlacementSummary) -> str:
    """'2,254 cores', or '2,254 cores (270 of them with copies)' where neurons are computed twice."""
    copied = placement.copied_cores
    return counted(placement.cores or 0, "core") + ("" if copied is UNSET else f" ({copied:,} of them with copies)")


def total_of(row: PublishedRow) -> str:
    """The total energy of one inference, or its range."""
    if row.total_joules is None:
        return si(None)
    low, high = row.total_joules
    return si(low, "J") if low == high else range_text(low, high, "J")


def time_of(row: PublishedRow) -> str:
    """What a source says of time, in its own measure."""
    if row.seconds_per_inference:
        return si(row.seconds_per_inference, "s")
    if row.seconds_per_step:
        return f"{si(row.seconds_per_step, 's')} a step"
    return f"{row.frames_per_second:g} a second" if row.frames_per_second else si(None)


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
    source = f"chosen on {counted(stop.chosen_on, 'other')}" if stop.chosen_on else "given"
    return (
        f"Stopped once settled: {metric.title} {metric.text(stop.value(early.metric))} after "
        f"{stop.timesteps:.1f} steps on average{energy}; {metric.text(stop.all_steps)} after all "
        f"{run.timesteps} ({counted(stop.images, 'image')}; threshold {stop.threshold:.4g}, {source})"
    )
