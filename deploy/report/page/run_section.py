"""What the page shows of one run: text, tables, plots."""

from __future__ import annotations

from dataclasses import dataclass

from convert.network import BIAS_SOURCE_LAYER
from convert.report import ConversionReport
from convert.timings import Machine
from deploy.device_report import AbsentDevice, DeviceReport
from deploy.report.content import EnergyReport, ReportedRun
from deploy.report.pareto import recipe_of
from deploy.report.plots import layer_plots
from deploy.report.plots.accuracy_plot import accuracy_by_timestep
from deploy.report.plots.energy_plot import energy_by_device
from deploy.report.plots.svg import Plot
from deploy.report.read import RecordedRun
from deploy.report.words.points_text import break_even_lines
from deploy.report.words.text import NO_ANN, steps_lines, summary_line
from deploy.report.words.verdict import Verdict, verdict_of

from . import energy_tables, run_tables
from .confusion import Confusion, confusion_of
from .examples import Example, examples_of
from .origins import Step, steps_of
from .pictures import picture_uri
from .table import PageTable

BIAS_SOURCES = (BIAS_SOURCE_LAYER, "Clock")
"""Kinds of layers without synapses of their own; version 0.1.0 wrote the second."""


@dataclass(frozen=True)
class StepsPart:
    """Accuracy after fewer steps; plots and tables are None where there is nothing to show."""

    metrics: PageTable
    no_ann: str | None
    plot: Plot | None
    device: str | None
    lines: list[str]
    readouts: PageTable | None
    early: PageTable | None


@dataclass(frozen=True)
class PointsPart:
    """What the operating points cost."""

    points: PageTable
    parts: PageTable
    rates: PageTable
    layers: PageTable | None
    tornado: Plot | None
    """By the first set of constants."""
    constants: list[PageTable]


@dataclass(frozen=True)
class EnergyPart:
    """All devices, and what was measured on machines."""

    plot: Plot | None
    devices: PageTable
    rows: tuple[DeviceReport, ...]
    absent: tuple[AbsentDevice, ...]
    accuracy: PageTable | None
    break_even: list[str]
    ratios: PageTable | None


@dataclass(frozen=True)
class LayersPart:
    """Rates and events of the layers, and the chips that they lie on."""

    rates: Plot | None
    activity: Plot | None
    table: PageTable
    baselines: PageTable | None
    picture: str | None
    tiles: PageTable | None


@dataclass(frozen=True)
class Section:
    """One run."""

    run: ReportedRun
    line: str
    made: str
    """How the network came by its spikes."""
    verdict: Verdict
    steps: StepsPart
    points: PointsPart | None
    energy: EnergyPart
    layers: LayersPart
    confusion: Confusion | None
    examples: list[Example]
    commands: list[Step]
    machine: Machine | None
    seconds_per_image: float | None


def section_of(report: EnergyReport, summary: ReportedRun, run: RecordedRun) -> Section:
    """The section of ``run``, of which ``report`` has the ``summary``."""
    return Section(
        run=summary,
        line=summary_line(summary),
        made=_made(run.conversion),
        verdict=verdict_of(report, summary),
        steps=_steps(summary),
        points=_points(summary),
        energy=_energy(report, summary),
        layers=_layers(summary, run),
        confusion=confusion_of(run),
        examples=examples_of(run),
        commands=steps_of(run),
        machine=report.timings.machines.get(summary.run),
        seconds_per_image=report.timings.seconds_per_image.get(summary.run),
    )


def _made(conversion: ConversionReport) -> str:
    if conversion.assumed:
        return "a spiking network as it was given"
    recipe = recipe_of(conversion)
    return f"trained {recipe}" if recipe.startswith("as in") else f"trained by {recipe}"


def _steps(run: ReportedRun) -> StepsPart:
    device = next(iter(run.knee.joules), None) if run.knee else None
    return StepsPart(
        metrics=run_tables.metrics_table(run.metrics),
        no_ann=NO_ANN if run.metrics.ann is None else None,
        plot=accuracy_by_timestep(f"{run.run} accuracy", run.metrics, run.knee, run.early),
        device=device,
        lines=steps_lines(run) if run.knee else [],
        readouts=run_tables.readouts_table(run, run.knee, device) if run.knee else None,
        early=run_tables.early_table(run.early, device) if run.early and run.early.curve else None,
    )


def _points(run: ReportedRun) -> PointsPart | None:
    priced = [point for point in run.points if point.costs]
    if not priced:
        return None
    first = run.tornados[0] if run.tornados else None
    return PointsPart(
        points=energy_tables.points_table(priced),
        parts=energy_tables.parts_table(priced),
        rates=energy_tables.rates_table(priced),
        layers=energy_tables.point_layers_table(priced[0]),
        tornado=layer_plots.tornado_plot(f"{run.run} tornado", first) if first else None,
        constants=[energy_tables.constants_table(tornado) for tornado in run.tornados if tornado.swings],
    )


def _energy(report: EnergyReport, run: ReportedRun) -> EnergyPart:
    devices, beside = report.devices_of(run.run), [r for r in report.timings.equal_accuracy if r.run == run.run]
    ratios = report.ratios_of(run.run)
    return EnergyPart(
        plot=energy_by_device(f"{run.run} energy", run.points, devices),
        devices=energy_tables.devices_table(devices, run.points[-1:]),
        rows=devices,
        absent=report.absent_of(run.run),
        accuracy=energy_tables.accuracy_table(beside) if beside else None,
        break_even=list(break_even_lines(report.break_even_of(run.run))),
        ratios=energy_tables.ratios_table(ratios) if ratios else None,
    )


def _layers(summary: ReportedRun, run: RecordedRun) -> LayersPart:
    rates = {layer.name: layer.rate_hz for layer in summary.layers if layer.rate_hz is not None}
    active = [layer for layer in summary.layers if layer.kind not in BIAS_SOURCES]
    return LayersPart(
        rates=layer_plots.rates_by_layer(f"{summary.run} rates", run.conversion.layers, rates),
        activity=layer_plots.activity_by_layer(f"{summary.run} activity", active),
        table=run_tables.layers_table(summary, run.conversion),
        baselines=run_tables.baselines_table(summary.partition),
        picture=picture_uri(run.picture) if run.picture else None,
        tiles=run_tables.tiles_table(run.partition),
    )
