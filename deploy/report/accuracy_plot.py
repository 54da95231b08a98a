"""The plot of accuracy over time steps and over energy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from convert.report import Metrics
from deploy.foreign import Axes
from deploy.runs.report import EarlyReport, Knee, MetricName, RunMetrics, StepRow

from .plots import BLUE, GREEN, INK, ORANGE, VIOLET, figure_of, short, styled, svg_of
from .text import METRIC_NAMES, si


class Axis(NamedTuple):
    """What an axis shows: its label, a row's place on it, and a place as text."""

    label: str
    place: Callable[[StepRow], float]
    text: Callable[[float], str]


STEPS = Axis("time steps", lambda row: row.timesteps, lambda steps: f"{steps:g} steps")
ENERGY = Axis("energy of one image", lambda row: next(iter(row.joules.values())), lambda joules: si(joules, "J"))
CURVES: tuple[MetricName, ...] = ("accuracy", "pixel_accuracy", "iou", "f1")
"""The metrics that are drawn, at most three of them."""
SHOWN_BELOW = 0.25
"""How far the axis of metrics reaches under the lowest final value; chosen by eye."""


@styled
def accuracy_by_timestep(metrics: RunMetrics, knee: Knee | None, early: EarlyReport | None) -> str | None:
    """Metrics over time steps, and beside it over the first device's energy; the ANN's dashed, the knee ringed.

    Points more than ``SHOWN_BELOW`` under the lowest final value lie outside. None if there are fewer than two points.
    """
    points = metrics.by_timestep
    keys = [key for key in CURVES if points and points[0].value(key) is not None]
    if len(points) < 2 or not keys:
        return None
    figure, panels = figure_of(2 if points[-1].joules else 1, height=3.3)
    for axes, axis in zip(panels, (STEPS, ENERGY), strict=False):
        _curves(axes, axis, points, keys, metrics.ann or {})
        if early and early.curve:
            axes.plot(
                [axis.place(p) for p in early.curve],
                [_number(p, early.metric) for p in early.curve],
                ".-",
                color=ORANGE,
                markersize=4,
                label=f"{METRIC_NAMES[early.metric]}, each stopped once settled",
            )
        if knee:
            at = axis.place(knee), _number(knee, knee.metric)
            axes.plot(*at, "o", markersize=11, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=1.4)
            label = f"knee: {axis.text(at[0])}"
            axes.annotate(label, at, xytext=(6, -18), textcoords="offset points", fontsize=9)
        axes.set_xlabel(axis.label)
        axes.xaxis.set_major_formatter(lambda value, _, text=axis.text: short(text(value)))
        axes.grid(True)
    _limit(panels, points, keys, metrics.ann or {})
    panels[0].set_ylabel(METRIC_NAMES[keys[0]] if len(keys) == 1 else "metric")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper left", ncols=2, fontsize=9)
    return svg_of(figure, "accuracy")


def _curves(axes: Axes, axis: Axis, points: Sequence[StepRow], keys: Sequence[MetricName], ann: Metrics) -> None:
    """A line for each metric, and the ANN's value of it dashed."""
    for key, colour in zip(keys, (BLUE, GREEN, VIOLET), strict=False):
        axes.plot(
            [axis.place(p) for p in points],
            [_number(p, key) for p in points],
            ".-",
            color=colour,
            markersize=4,
            label=f"{METRIC_NAMES[key]}, all images alike",
        )
        if key in ann:
            axes.axhline(ann[key], color=colour, linestyle=(0, (5, 3)), linewidth=1)


def _limit(panels: Sequence[Axes], points: Sequence[StepRow], keys: Sequence[MetricName], ann: Metrics) -> None:
    """Leaves out what lies far under the final values."""
    wanted = [value for key in keys if (value := ann.get(key)) is not None]
    low = max(0.0, min(_number(points[-1], key) for key in keys) - SHOWN_BELOW)
    panels[0].set_ylim(low, max([*wanted, *(_number(p, key) for p in points for key in keys)]) + 0.03)
    for axes, axis in zip(panels, (STEPS, ENERGY), strict=False):
        shown = [axis.place(p) for p in points if max(_number(p, key) for key in keys) >= low]
        axes.set_xlim(shown[0] - 0.04 * (shown[-1] - shown[0]), shown[-1] * 1.03)


def _number(row: StepRow, name: MetricName) -> float:
    """The metric ``name``, NaN where it is not defined: nothing is drawn there."""
    value = row.value(name)
    return float("nan") if value is None else value
