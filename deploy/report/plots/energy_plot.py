"""The plot of all devices: a point for each with its range, on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from deploy.device_report import DeviceReport
from deploy.foreign import Axes, Figure
from deploy.report.points import OperatingPoint
from deploy.report.repeats import joules_of_repeats
from deploy.report.words.si import range_text, si

from .svg import BLUE, GREY, INK, ORANGE, Form, Plot, figure_of, log_joules, plot_of


@dataclass(frozen=True)
class Dot:
    """A device's joules, lowest, nominal and highest; hollow where the energy was not measured."""

    name: str
    low: float
    joules: float
    high: float
    measured: bool
    colour: str


def energy_by_device(name: str, points: Sequence[OperatingPoint], devices: Sequence[DeviceReport]) -> Plot | None:
    """Loihi at each operating point by each set of constants, then the processors, those that need least first."""
    dots = [*_chips(points), *sorted(_processors(devices), key=lambda dot: (dot.colour, dot.joules))]
    if not dots:
        return None
    described = "; ".join(f"{dot.name}: {_text(dot)}" for dot in dots) + "."

    def draw(form: Form) -> Figure:
        figure, (axes,) = figure_of(form, 1, height=(0.4 if form.stacked else 0.27) * len(dots) + 0.8)
        for i, dot in enumerate(dots):
            axes.plot([dot.low, dot.high], [i, i], color=dot.colour, linewidth=2.2, solid_capstyle="butt")
            face = dot.colour if dot.measured else "none"
            axes.plot(dot.joules, i, "o", color=dot.colour, markerfacecolor=face, markersize=7, markeredgewidth=1.8)
            axes.text(dot.high * 1.25, i, si(dot.joules, "J"), va="center", fontsize=form.font_points - 1)
        axes.set_xscale("log")
        lowest, highest = min(dot.low for dot in dots), max(dot.high for dot in dots)
        axes.set_xlim(10 ** np.floor(np.log10(lowest)), highest * (30 if form.stacked else 8))
        log_joules(axes)
        axes.set_xlabel("joules for one inference")
        _name_rows(axes, [dot.name for dot in dots], form)
        return figure

    return plot_of(name, "Energy of one inference on each device", described, draw)


def _name_rows(axes: Axes, names: Sequence[str], form: Form) -> None:
    """Beside their rows, or above them where there is no room."""
    axes.set_ylim(len(names) - 0.4, -0.8)
    axes.tick_params(axis="y", length=0)
    axes.grid(True, axis="x")
    axes.set_axisbelow(True)
    if not form.stacked:
        axes.set_yticks(np.arange(len(names)), names, fontsize=form.font_points - 1)
        return
    axes.set_yticks([])
    for i, name in enumerate(names):
        place = axes.get_yaxis_transform()
        axes.text(0.01, i - 0.3, name, transform=place, va="bottom", fontsize=form.font_points - 1, color=INK)


def _text(dot: Dot) -> str:
    how = "measured" if dot.measured else "estimated"
    between = "" if dot.low == dot.high else f", {range_text(dot.low, dot.high, 'J')}"
    return f"{si(dot.joules, 'J')}{between}, {how}"


def _chips(points: Sequence[OperatingPoint]) -> Iterator[Dot]:
    for point in points:
        for cost in point.costs:
            joules = cost.joules
            if joules.low > 0:
                yield Dot(f"{cost.device}, {point.name}", joules.low, joules.nominal, joules.high, False, ORANGE)


def _processors(devices: Sequence[DeviceReport]) -> Iterator[Dot]:
    for device in devices:
        total = device.joules_per_inference.total
        if not total or device.kind == "spiking chip":
            continue
        low, high = joules_of_repeats(device) or (total, total)
        here = device.time_measured is True or device.measured
        name = device.name.removeprefix("this CPU, ")
        yield Dot(name, low, total, high, device.measured, BLUE if here else GREY)
