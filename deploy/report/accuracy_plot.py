"""The plot of accuracy over time steps and over energy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from convert.data.metric_registry import METRICS, MetricName
from convert.report import Metrics
from deploy.foreign import Axes
from deploy.runs.report import EarlyReport, Knee, RunMetrics, StepRow

from .plots import BLUE, GREEN, INK, ORANGE, VIOLET, figure_of, short, styled, svg_of
from .si import si


class Axis(NamedTuple):
    """What an axis shows: its label, a row's place on it, and a place as text."""

    label: str
    place: Callable[[StepRow], float]
    text: Callable[[float], str]


STEPS = Axis("time steps", lambda row: row.timesteps, lambda steps: f"{steps:g} steps")
ENERGY = Axis("energy of one image", lambda row: next(iter(row.joules.values())), lambda joules: si(joules, "J"))
CURVES: tuple[MetricName, ...] = ("accuracy", "pixel_accuracy", "iou", "f1", "auc", "mse")
"""The metrics that are drawn, at most three of them, and one of any size only where there is no other."""
SHOWN_BELOW = 0.25
"""How far the axis of metrics reaches under the lowest final value; chosen by eye."""
SHOWN_TIMES = 4.0
"""How many times the last error, or the ANN's, the axis of errors shows; chosen by eye."""


@styled
def accuracy_by_timestep(metrics: RunMetrics, knee: Knee | None, early: EarlyReport | None) -> str | None:
    """Metrics over time steps, and beside it over the first device's energy; the ANN's dashed, the knee ringed.

    Points far worse than the last ones lie outside. None if there are fewer than two points.
    """
    points = metrics.by_timestep
    keys = [key for key in CURVES if points and points[-1].value(key) is not None]
    keys = [key for key in keys if not METRICS[key].any_size] or keys
    if len(points) < 2 or not keys:
        return None
    figure, panels = figure_of(2 if points[-1].joules else 1, height=3.3)
    for axes, axis in zip(panels, (STEPS, ENERGY), strict=False):
        _curves(axes, axis, points, keys, metrics.ann or {})
        if early and early.curve and early.metric in keys:
            axes.plot(
                [axis.place(p) for p in early.curve],
                [_number(p, early.metric) for p in early.curve],
                ".-",
                color=ORANGE,
                markersize=4,
                label=f"{METRICS[early.metric].title}, each stopped once settled",
            )
        if knee:
            at = axis.place(knee), _number(knee, knee.metric)
            axes.plot(*at, "o", markersize=11, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=1.4)
            label = f"knee: {axis.text(at[0])}"
            aside = (6, -18 if METRICS[knee.metric].higher_is_better else 12)  # where the curve is not
            axes.annotate(label, at, xytext=aside, textcoords="offset points", fontsize=9)
        axes.set_xlabel(axis.label)
        axes.xaxis.set_major_formatter(lambda value, _, text=axis.text: short(text(value)))
        axes.grid(True)
    _limit(panels, points, keys, metrics.ann or {})
    panels[0].set_ylabel(METRICS[keys[0]].title if len(keys) == 1 else "metric")
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
            label=f"{METRICS[key].title}, all images alike",
        )
        if (wanted := ann.get(key)) is not None:
            axes.axhline(wanted, color=colour, linestyle=(0, (5, 3)), linewidth=1)


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
    panels[0].set_ylim(low, high)
    for axes, axis in zip(panels, (STEPS, ENERGY), strict=False):
        shown = [axis.place(p) for p in points if any(low <= _number(p, key) <= high for key in keys)]
        axes.set_xlim(shown[0] - 0.04 * (shown[-1] - shown[0]), shown[-1] * 1.03)


def _number(row: StepRow, name: MetricName) -> float:
    """The metric ``name``, NaN where it is not defined: nothing is drawn there."""
    value = row.value(name)
    return float("nan") if value is None else value
