"""The report as one HTML file that needs nothing else."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile

from convert.data.metrics import class_map
from convert.errors import UserError
from convert.network import BIAS_SOURCE_LAYER
from deploy.arrays import Float32, UInt8
from deploy.device_report import AbsentDevice, DeviceReport
from deploy.runs.folder import OUTPUTS
from deploy.runs.report import LayerRun, MetricName

from . import plots
from .accuracy_plot import accuracy_by_timestep
from .content import EnergyReport, ReportedRun
from .pictures import image_uri, picture_uri
from .read import RecordedRun
from .text import METRIC_NAMES, NO_ANN, how, metric_lines, si, steps_lines, summary_line

SHOWN_IMAGES = 3
BIAS_SOURCES = (BIAS_SOURCE_LAYER, "Clock")
"""Kinds of layers without synapses of their own; version 0.1.0 wrote the second."""
HEADLINE: tuple[MetricName, ...] = ("accuracy", "iou", "pixel_accuracy")

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
class Example:
    """An image with its label and answers: a title, and pictures as (caption, data URI)."""

    title: str
    pictures: list[tuple[str, str]]


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
    devices: tuple[DeviceReport, ...]
    absent: tuple[AbsentDevice, ...]
    ratios: list[tuple[str, float]]
    examples: list[Example]


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
    environment.filters.update(si=si, how=how)
    sections = [_section(report, summary, run) for summary, run in zip(report.runs, runs, strict=True)]
    return environment.get_template("report.html").render(
        sections=sections, comparison=_comparison(report) if len(sections) > 1 else []
    )


def _section(report: EnergyReport, summary: ReportedRun, run: RecordedRun) -> Section:
    devices, converted = report.devices_of(summary.run), run.conversion
    rates = {layer.name: layer.rate_hz for layer in summary.layers if layer.rate_hz is not None}
    arrival = {layer.name: layer.arrival_step for layer in converted.layers}
    return Section(
        run=summary,
        line=summary_line(summary),
        cards=list(_cards(summary, devices)),
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
        devices=devices,
        absent=report.absent_of(summary.run),
        ratios=report.ratios_of(summary.run),
        examples=_examples(run),
    )


def _tiles(run: RecordedRun) -> list[TileRow]:
    if run.partition is None:
        return []
    return [TileRow(n, tile, len(run.partition.blocks_of(n))) for n, tile in run.partition.tiles.items()]


def _cards(summary: ReportedRun, devices: Sequence[DeviceReport]) -> Iterator[Card]:
    """What a reader wants to know first."""
    ann, snn = summary.metrics.ann or {}, summary.metrics.snn
    for key in HEADLINE:
        if (value := snn.get(key)) is not None:
            original = ann.get(key)
            remark = f"ANN: {original:.3f}" if original is not None else ""
            yield f"{value:.3f}", f"{METRIC_NAMES[key]} of the SNN", remark
            break
    if summary.partition.chips:
        yield str(summary.partition.chips), "chips", f"{summary.partition.cores} cores"
    if chip := _spiking_chip(devices):
        dynamic = f"{si(chip.joules_per_inference.dynamic, 'J')} of it dynamic; {chip.name}"
        yield si(chip.joules_per_inference.total, "J"), f"for one inference, {how(chip)}", dynamic
        steps = f"{summary.timesteps} time steps"
        yield si(chip.seconds_per_inference, "s"), f"for one inference, {how(chip)}", steps
    if summary.interchip_messages is not None:
        yield si(summary.interchip_messages), "messages between chips", "for one image"


def _comparison(report: EnergyReport) -> list[ComparedRun]:
    rows = []
    for run in report.runs:
        found = next(((key, v) for key in HEADLINE if (v := run.metrics.snn.get(key)) is not None), None)
        chip = _spiking_chip(report.devices_of(run.run))
        rows.append(
            ComparedRun(
                run=run.run,
                target=run.target,
                timesteps=run.timesteps,
                metric=f"{METRIC_NAMES[found[0]]} {found[1]:.3f}" if found else "–",
                chips=str(run.partition.chips or "–"),
                interchip=si(run.interchip_messages),
                joules=si(chip.joules_per_inference.total if chip else None, "J"),
            )
        )
    return rows


def _spiking_chip(devices: Sequence[DeviceReport]) -> DeviceReport | None:
    return next((device for device in devices if device.kind == "spiking chip"), None)


def _examples(run: RecordedRun) -> list[Example]:
    """The first images with their label, the ANN's answer, if there is one, and the SNN's."""
    path = run.folder / OUTPUTS
    if not path.is_file():
        return []
    with _opened(path) as arrays:
        if not {"images", "labels", "outputs"} <= set(arrays.files):
            return []
        answers = {name: arrays[key] for name, key in (("ANN", "ann"), ("SNN", "outputs")) if key in arrays.files}
        images, labels = arrays["images"][:SHOWN_IMAGES], arrays["labels"]
    make = _class_example if labels.ndim < 3 else _map_example
    return [make(i, image, labels[i], {name: a[i] for name, a in answers.items()}) for i, image in enumerate(images)]


@contextmanager
def _opened(path: Path) -> Iterator[NpzFile]:
    """The arrays in ``path``. Raises ``UserError`` for a file that is damaged."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            yield arrays
    except (zipfile.BadZipFile, ValueError, EOFError, KeyError) as error:
        raise UserError(f"{path} is damaged ({error}); run deploy-model again") from error


def _class_example(i: int, image: Float32, label: Float32, answers: dict[str, Float32]) -> Example:
    best = "".join(f", {name} {_class_of(scores)}" for name, scores in answers.items())
    return Example(f"Image {i}: label {int(label)}{best}", [("image", image_uri(image))])


def _map_example(i: int, image: Float32, label: Float32, answers: dict[str, Float32]) -> Example:
    maps: dict[str, Float32 | UInt8] = {"label": label, **{name: class_map(answer) for name, answer in answers.items()}}
    title = f"Image {i}"
    if "ANN" in maps:
        title += f": ANN and SNN agree on {float(np.mean(maps['ANN'] == maps['SNN'])):.1%} of the pixels"
    pictures = [(name, image_uri(image, classes)) for name, classes in maps.items()]
    return Example(title, [("image", image_uri(image)), *pictures])


def _class_of(scores: Float32) -> int:
    flat = np.reshape(scores, -1)
    return int(flat[0] >= 0.5) if len(flat) == 1 else int(flat.argmax())
