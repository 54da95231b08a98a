"""The report as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from convert.data.metric_registry import METRICS, MetricName, heading
from convert.network import BIAS_SOURCE_LAYER
from convert.timings import Machine
from deploy.device_report import AbsentDevice, DeviceReport
from deploy.runs.report import LayerRun

from . import plots
from .accuracy_plot import accuracy_by_timestep
from .content import EnergyReport, ReportedRun
from .examples import Example, examples_of
from .pictures import picture_uri
from .points import AccuracyRow, OperatingPoint, PointCost
from .points_text import break_even_lines, point_value, steps_text
from .read import RecordedRun
from .si import si
from .text import NO_ANN, how, metric_lines, quality, steps_lines, summary_line, time_of, total_of

BIAS_SOURCES = (BIAS_SOURCE_LAYER, "Clock")
"""Kinds of layers without synapses of their own; version 0.1.0 wrote the second."""
HEADLINE: tuple[MetricName, ...] = ("accuracy", "iou", "pixel_accuracy", "auc", "mse")

Card = tuple[str, str, str]
"""(value, what it is, remark)"""


@dataclass(frozen=True)
class LayerRow:
    """A layer of the table of activity, and the step at which its drive arrives."""

    run: LayerRun
    arrival_step: int | None


@dataclass(frozen=True)
class TileRow:
    """The tiles of a layer: (rows, columns, channels) of one and how many cores they take."""

    name: str
    tile: Sequence[int]
    blocks: int


@dataclass(frozen=True)
class ComparedRun:
    """A run's row of the table of all runs, as text."""

    run: str
    target: str
    timesteps: int
    metric: str
    chips: str
    interchip: str
    joules: str


@dataclass(frozen=True)
class Section:
    """What the page shows of one run; plots are SVG, None where there is nothing to draw."""

    run: ReportedRun
    line: str
    cards: list[Card]
    metrics: list[tuple[str, str, str]]
    no_ann: str | None
    accuracy_plot: str | None
    energy_by_step: str | None
    steps_lines: list[str]
    rates_plot: str | None
    activity_plot: str | None
    layers: list[LayerRow]
    tiles: list[TileRow]
    picture: str | None
    energy_plot: str | None
    tornado_plots: list[str]
    break_even: list[str]
    equal_accuracy: list[AccuracyRow]
    devices: tuple[DeviceReport, ...]
    absent: tuple[AbsentDevice, ...]
    ratios: list[tuple[str, float]]
    examples: list[Example]
    machine: Machine | None
    seconds_per_image: float | None


def html_report(report: EnergyReport, runs: Sequence[RecordedRun]) -> str:
    """The page for ``report``, which was built from ``runs``."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("deploy.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(si=si, how=how, heading=heading, as_metric=_as_metric, quality=quality)
    environment.filters.update(point_value=point_value, steps_text=steps_text, total_of=total_of, time_of=time_of)
    sections = [_section(report, summary, run) for summary, run in zip(report.runs, runs, strict=True)]
    return environment.get_template("report.html").render(
        sections=sections,
        comparison=_comparison(report) if len(sections) > 1 else [],
        published=report.published,
        provenance=report.provenance,
    )


def _as_metric(value: float | None, name: MetricName) -> str:
    return METRICS[name].text(value)


def _section(report: EnergyReport, summary: ReportedRun, run: RecordedRun) -> Section:
    devices, converted = report.devices_of(summary.run), run.conversion
    rates = {layer.name: layer.rate_hz for layer in summary.layers if layer.rate_hz is not None}
    arrival = {layer.name: layer.arrival_step for layer in converted.layers}
    return Section(
        run=summary,
        line=summary_line(summary),
        cards=list(_cards(summary)),
        metrics=metric_lines(summary.metrics),
        no_ann=NO_ANN if summary.metrics.ann is None else None,
        accuracy_plot=accuracy_by_timestep(summary.metrics, summary.knee, summary.early),
        energy_by_step=next(iter(summary.knee.joules), None) if summary.knee else None,
        steps_lines=steps_lines(summary) if summary.knee else [],
        rates_plot=plots.rates_by_layer(converted.layers, rates),
        activity_plot=plots.activity_by_layer([x for x in summary.layers if x.kind not in BIAS_SOURCES]),
        layers=[LayerRow(layer, arrival.get(layer.name)) for layer in summary.layers],
        tiles=_tiles(run),
        picture=picture_uri(run.picture) if run.picture else None,
        energy_plot=plots.energy_by_device(devices),
        tornado_plots=[plot for tornado in summary.tornados if (plot := plots.tornado_plot(tornado))],
        equal_accuracy=[row for row in report.timings.equal_accuracy if row.run == summary.run],
        break_even=list(break_even_lines(report.break_even_of(summary.run))),
        devices=devices,
        absent=report.absent_of(summary.run),
        ratios=report.ratios_of(summary.run),
        examples=examples_of(run),
        machine=report.timings.machines.get(summary.run),
        seconds_per_image=report.timings.seconds_per_image.get(summary.run),
    )


def _tiles(run: RecordedRun) -> list[TileRow]:
    if run.partition is None:
        return []
    return [TileRow(n, tile, len(run.partition.blocks_of(n))) for n, tile in run.partition.tiles.items()]


def _cards(summary: ReportedRun) -> Iterator[Card]:
    """What a reader wants to know first."""
    first = _first_cost(summary)
    yield from _accuracy_cards(summary, first[0] if first else None)
    if summary.partition.chips:
        yield str(summary.partition.chips), "chips", f"{summary.partition.cores} cores"
    if first:
        point, cost = first
        between = f"between {si(cost.joules.low, 'J')} and {si(cost.joules.high, 'J')}; {cost.device}"
        yield si(cost.joules.nominal, "J"), f"at {point.name}, estimated", between
        yield si(cost.seconds.nominal, "s"), f"at {point.name}, estimated", f"{steps_text(point)} time steps"
    if summary.interchip_messages is not None:
        yield si(summary.interchip_messages), "messages between chips", "for one image"


def _accuracy_cards(summary: ReportedRun, point: OperatingPoint | None) -> Iterator[Card]:
    """What is reached at ``point``, whose energy stands beside it, else after all steps; nothing without a metric."""
    ann, snn = summary.metrics.ann or {}, summary.metrics.snn
    if point is not None and point.metric is not None:
        metric = METRICS[point.metric]
        after_all = f"{metric.text(snn.get(point.metric))} after all steps"
        remark = after_all if point.ann is None else f"ANN: {metric.text(point.ann)}; {after_all}"
        yield metric.text(point.value), f"{metric.title} at {point.name}", remark
    elif key := next((key for key in HEADLINE if snn.get(key) is not None), None):
        remark = f"ANN: {METRICS[key].text(ann[key])}" if ann.get(key) is not None else ""
        yield METRICS[key].text(snn[key]), f"{METRICS[key].title} of the SNN", remark


def _comparison(report: EnergyReport) -> list[ComparedRun]:
    rows = []
    for run in report.runs:
        found = next(((key, v) for key in HEADLINE if (v := run.metrics.snn.get(key)) is not None), None)
        first = _first_cost(run)
        rows.append(
            ComparedRun(
                run=run.run,
                target=run.target,
                timesteps=run.timesteps,
                metric=f"{METRICS[found[0]].title} {METRICS[found[0]].text(found[1])}" if found else "–",
                chips=str(run.partition.chips or "–"),
                interchip=si(run.interchip_messages),
                joules=f"{si(first[1].joules.nominal, 'J')} at {first[0].name}" if first else "–",
            )
        )
    return rows


def _first_cost(run: ReportedRun) -> tuple[OperatingPoint, PointCost] | None:
    """The first operating point with costs: the knee, where events were counted up to it."""
    return next(((point, point.costs[0]) for point in run.points if point.costs), None)
