"""The plot of accuracy over time steps and over energy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from convert.data.metric_registry import METRICS, MetricName
from convert.report import Metrics
from deploy.foreign import Axes, Figure
from deploy.report.words.si import si
from deploy.runs.report import EarlyReport, Knee, RunMetrics, StepRow

from .svg import BLUE, GREEN, INK, ORANGE, VIOLET, Form, Plot, figure_of, plot_of, short


class Axis(NamedTuple):
    """What an axis shows: its label, a row's place on it, and a place as text."""

    label: str
    place: Callable[[StepRow], float]
    text: Callable[[float], str]


STEPS = Axis("time steps", lambda row: row.timesteps, lambda steps: f"{steps:g} steps")
ENERGY = Axis("energy of one image", lambda row: next(iter(row.joules.values())), lambda joules: si(joules, "J"))
CURVES: tuple[MetricName, ...] = ("accuracy", "pixel_accuracy", "iou", "f1", "auc", "mse")
"""The metrics that are drawn, at most three of them, and one of any size only where there is no other."""
STYLES = ((BLUE, "o-"), (GREEN, "s-"), (VIOLET, "^-"))
"""Colours, and markers that tell the curves apart without them."""
SHOWN_BELOW = 0.25
"""How far the axis of metrics reaches under the lowest final value; chosen by eye."""
SHOWN_TIMES = 4.0
"""How many times the last error, or the ANN's, the axis of errors shows; chosen by eye."""


def accuracy_by_timestep(name: str, metrics: RunMetrics, knee: Knee | None, early: EarlyReport | None) -> Plot | None:
    """Metrics over time steps, and beside it over the first device's energy; the ANN's dashed, the knee ringed.

    Points far worse than the last ones lie outside. None if there are fewer than two points.
    """
    points = metrics.by_timestep
    keys = [key for key in CURVES if points and points[-1].value(key) is not None]
    keys = [key for key in keys if not METRICS[key].any_size] or keys
    if len(points) < 2 or not keys:
        return None
    title = METRICS[keys[0]].title if len(keys) == 1 else "Metrics"
    over = "time steps and energy" if points[-1].joules else "time steps"

    def draw(form: Form) -> Figure:
        figure, panels = figure_of(form, 2 if points[-1].joules else 1, height=3.2 if not form.stacked else 2.6)
        for axes, axis in zip(panels, (STEPS, ENERGY), strict=False):
            _curves(axes, axis, points, keys, metrics.ann or {})
            if early and early.curve and early.metric in keys:
                _stopped(axes, axis, early)
            if knee:
                _ring(axes, axis, knee, form)
            axes.set_xlabel(axis.label)
            axes.xaxis.set_major_formatter(lambda value, _, text=axis.text: short(text(value)))
            axes.locator_params(axis="x", nbins=6)
            axes.grid(True)
        _limit(panels, points, keys, metrics.ann or {})
        panels[0].set_ylabel(title if len(keys) == 1 else "metric")
        labels = panels[0].get_legend_handles_labels()
        columns = 1 if form.stacked else 2
        figure.legend(*labels, loc="outside upper left", ncols=columns, fontsize=form.font_points - 1)
        return figure

    return plot_of(name, f"{title} over {over}", _described(points, keys, knee), draw)


def _described(points: Sequence[StepRow], keys: Sequence[MetricName], knee: Knee | None) -> str:
    key = keys[0]
    ends = (
        f"{METRICS[key].title} goes from {METRICS[key].text(points[0].value(key))} after {points[0].timesteps:g} steps "
        f"to {METRICS[key].text(points[-1].value(key))} after {points[-1].timesteps:g}."
    )
    return ends if knee is None else f"{ends} The knee is at {knee.timesteps:g} steps."


def _curves(axes: Axes, axis: Axis, points: Sequence[StepRow], keys: Sequence[MetricName], ann: Metrics) -> None:
    """A line for each metric, and the ANN's value of it dashed."""
    for key, (colour, marks) in zip(keys, STYLES, strict=False):
        axes.plot(
            [axis.place(p) for p in points],
            [_number(p, key) for p in points],
            marks,
            color=colour,
            markersize=3.5,
            label=f"{METRICS[key].title}, all images alike",
        )
        if (wanted := ann.get(key)) is not None:
            axes.axhline(wanted, color=colour, linestyle=(0, (5, 3)), linewidth=1.2)


def _stopped(axes: Axes, axis: Axis, early: EarlyReport) -> None:
    axes.plot(
        [axis.place(p) for p in early.curve],
        [_number(p, early.metric) for p in early.curve],
        "D-",
        color=ORANGE,
        markersize=3.5,
        label=f"{METRICS[early.metric].title}, each stopped once settled",
    )


def _ring(axes: Axes, axis: Axis, knee: Knee, form: Form) -> None:
    at = axis.place(knee), _number(knee, knee.metric)
    axes.plot(*at, "o", markersize=11, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=1.4)
    aside = (6, -18 if METRICS[knee.metric].higher_is_better else 12)  # where the curve is not
    label = f"knee: {axis.text(at[0])}"
    axes.annotate(label, at, xytext=aside, textcoords="offset points", fontsize=form.font_points - 1)


def _limit(panels: Sequence[Axes], points: Sequence[StepRow], keys: Sequence[MetricName], ann: Metrics) -> None:
    """Leaves out what is far worse than the final values."""
    wanted = [value for key in keys if (value := ann.get(key)) is not None]
    defined = [value for p in points for key in keys if (value := p.value(key)) is not None]
    if METRICS[keys[0]].higher_is_better:
        low, high = (
            max(0.0, min(_number(points[-1], key) for key in keys) - SHOWN_BELOW),
            max([*wanted, *defined]) + 0.03,
        )
    else:
        low = 0.0
        high = min(1.05 * max([*wanted, *defined]), SHOWN_TIMES * max([*wanted, _number(points[-1], keys[0])])) or 1.0
    for axes, axis in zip(panels, (STEPS, ENERGY), strict=False):
        axes.set_ylim(low, high)
        shown = [axis.place(p) for p in points if any(low <= _number(p, key) <= high for key in keys)]
        axes.set_xlim(shown[0] - 0.04 * (shown[-1] - shown[0]), shown[-1] * 1.03)


def _number(row: StepRow, name: MetricName) -> float:
    """The metric ``name``, NaN where it is not defined: nothing is drawn there."""
    value = row.value(name)
    return float("nan") if value is None else value
