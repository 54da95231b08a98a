"""A report as Markdown: a table of devices for each run, and the sentences that follow from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convert.data.metric_registry import METRICS
from deploy.device_report import DeviceReport, Execution
from deploy.energy.published import PublishedRow
from deploy.report.content import EnergyReport, ReportedRun
from deploy.report.plots.layer_plots import in_words
from deploy.report.points import OperatingPoint, PointCost, Tornado
from deploy.report.repeats import joules_of_repeats
from deploy.report.words.points_text import point_value, steps_text
from deploy.report.words.si import counted, range_text, si, times
from deploy.report.words.text import quality, total_of
from deploy.report.words.verdict import how

HEAD = "| device | at | accuracy | joules | lowest to highest | seconds | energy | source |\n" + "|---" * 8 + "|"
SHOWN = ("knee", "early exit")
SWINGS = 7
"""Constants in the table of what matters."""
MCU = "ResNet-8, CIFAR-10"
"""What the published rows of microcontrollers ran: a smaller network for the ResNet's images."""


def markdown(report: EnergyReport) -> str:
    """Table after table, each with its sentences; what others measured comes last."""
    lines = [line for run in report.runs for line in _of_run(report, run)]
    return "\n".join((*lines, *_others(report.published))) + "\n"


def _others(published: Sequence[PublishedRow]) -> Iterator[str]:
    yield f"\n### Measured by others, with another network: {MCU}\n"
    yield "| device | joules | source |\n" + "|---" * 3 + "|"
    for row in _microcontrollers(published):
        yield _line(row.name, total_of(row), row.source)


def _microcontrollers(published: Sequence[PublishedRow]) -> list[PublishedRow]:
    return [row for row in published if row.network.startswith(MCU)]


def _of_run(report: EnergyReport, run: ReportedRun) -> Iterator[str]:
    crops = f", each of {run.crops_per_image} crops" if run.crops_per_image > 1 else ""
    yield f"\n### {run.run}: {run.images} images{crops}, {run.partition.chips} chips\n"
    yield HEAD
    sources = {device.name: device.source for device in report.devices_of(run.run)}
    stops = [point for point in run.points if point.name in SHOWN and point.costs]
    points = stops or [point for point in run.points if point.costs]
    for point in points:
        for cost in point.costs:
            yield _chip(run, point, cost, sources[cost.device])
    processors = processors_of(report, run)
    for device in processors:
        yield _processor(run, device)
    others = _microcontrollers(report.published) if run.crops_per_image == 1 else []
    yield ""
    for point in points:
        silent = next(b.joules_silent for b in report.break_even_of(run.run) if b.point == point.name)
        yield _follows(point, silent, processors, others)
    for tornado in run.tornados[:1]:
        yield from _tornado(tornado)


def processors_of(report: EnergyReport, run: ReportedRun) -> list[DeviceReport]:
    """For each engine the row at batch 1 and the one that needs least; then those by a published constant."""
    here = [d for d in report.timings.devices if d.run == run.run and isinstance(d.execution, Execution)]
    kept: list[DeviceReport] = []
    for engine in dict.fromkeys(_engine(device) for device in here):
        rows = [device for device in here if _engine(device) == engine]
        least = min(rows, key=_joules)
        single = min((d for d in rows if d.batch == 1), key=_joules)
        kept += [single] if single is least else [least, single]
    others = [d for d in report.devices if d.run == run.run and d.kind == "processor"]
    return [*sorted(kept, key=_joules), *sorted(others, key=_joules)]


def _joules(device: DeviceReport) -> float:
    return device.joules_per_inference.total or float("inf")


def _engine(device: DeviceReport) -> str:
    assert isinstance(device.execution, Execution)
    return f"{device.execution.engine} {device.execution.precision}"


def _chip(run: ReportedRun, point: OperatingPoint, cost: PointCost, source: str) -> str:
    joules, at = cost.joules, f"{point.name}, {steps_text(point)} steps"
    if point.name == "early exit" and run.early and run.early.held_out and point.metric:
        after_all = METRICS[point.metric].text(run.early.held_out.all_steps)
        at += f" ({counted(point.images, 'image')}, on which all steps reach {after_all})"
    return _line(
        cost.device,
        at,
        point_value(point),
        si(joules.nominal, "J"),
        range_text(joules.low, joules.high, "J"),
        si(cost.seconds.nominal, "s"),
        "estimated",
        source,
    )


def _processor(run: ReportedRun, device: DeviceReport) -> str:
    repeats = joules_of_repeats(device)
    return _line(
        device.name.removeprefix("this CPU, "),
        "",
        quality(device).split(" ")[-1] or _original(run, device),
        si(device.joules_per_inference.total, "J"),
        range_text(*repeats, "J") if repeats else "",
        si(device.seconds_per_inference, "s"),
        how(device),
        device.source,
    )


def _original(run: ReportedRun, device: DeviceReport) -> str:
    """The original's accuracy, where it is the original that was measured."""
    metric = run.points[-1].metric
    if metric is None or not isinstance(device.execution, Execution):
        return ""
    return METRICS[metric].text((run.metrics.ann or {}).get(metric))


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _follows(
    point: OperatingPoint, silent: float, processors: Sequence[DeviceReport], others: Sequence[PublishedRow]
) -> str:
    """Whether Loihi needs less than each kind of row, and at how many of today's spikes it would; ``silent`` are its
    joules without a spike."""
    cost = point.costs[0]
    where = "After all steps" if point.name == "all steps" else f"At the {point.name}"
    start = f"{where} {cost.device} is estimated at {si(cost.joules.nominal, 'J')} "
    start += f"({range_text(cost.joules.low, cost.joules.high, 'J')})"
    kinds = {
        "best int8 row of this processor": [d for d in processors if _is(d, "int8")],
        "best float32 row": [d for d in processors if _is(d, "float32")],
        "GPU by a published constant": [d for d in processors if d.name.startswith("GPU")],
    }
    found = [_beside(cost, silent, name, min(rows, key=_joules)) for name, rows in kinds.items() if rows]
    ranges = [joules for row in others if (joules := row.total_joules)]
    if ranges:
        low, high = min(a for a, _ in ranges), max(b for _, b in ranges)
        found.append(
            f"{times(cost.joules.nominal / high)} to {times(cost.joules.nominal / low)} times the microcontrollers' "
            f"{range_text(low, high, 'J')} with a smaller network"
        )
    return f"{start}: {'; '.join(found)}.\n"


def _tornado(tornado: Tornado) -> Iterator[str]:
    """What the constants that matter most do to the first point's joules."""
    at = f"{tornado.point}, {tornado.device}, {si(tornado.joules, 'J')}"
    yield f"| {at}; with one constant | at its low | at its high |"
    yield "|---" * 3 + "|"
    for swing in tornado.swings[:SWINGS]:
        yield _line(in_words(swing.constant), si(swing.joules_low, "J"), si(swing.joules_high, "J"))


def _is(device: DeviceReport, precision: str) -> bool:
    return isinstance(device.execution, Execution) and device.execution.precision == precision


def _beside(cost: PointCost, silent: float, name: str, device: DeviceReport) -> str:
    joules = _joules(device)
    ratio = cost.joules.nominal / joules
    sides = f"{times(cost.joules.low / joules)} to {times(cost.joules.high / joules)}"
    said = f"{times(ratio)} times ({sides}) the {name} ({device.name.removeprefix('this CPU, ')}, {si(joules, 'J')}), "
    if joules <= silent:
        return said + f"which it does not reach: without a spike it needs {si(silent, 'J')}"
    factor = (joules - silent) / (cost.joules.nominal - silent)  # joules are linear in the spikes (break_even.py)
    return said + f"equal at {times(factor)} times today's spikes"
