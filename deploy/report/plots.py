"""Pictures for the HTML report: SVG whose text takes the page's colour, and PNG for images."""

from __future__ import annotations

import base64
import functools
import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, ParamSpec

import numpy as np
from numpy.typing import NDArray

from convert.report import LayerReport, Metrics
from deploy.energy.report import DeviceReport
from deploy.runs.report import EarlyReport, Knee, LayerRun, MetricName, RunMetrics, StepRow

from .text import METRIC_NAMES, si

Axes = Any
Figure = Any
"""Matplotlib's."""
Image = NDArray[np.generic]


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
P = ParamSpec("P")
INK = "#010203"
"""Stands for the page's text colour in matplotlib, which has no name for it."""
BLUE, ORANGE, GREEN, VIOLET, RED, GREY = "#3b82f6", "#f59e0b", "#10b981", "#8b5cf6", "#ef4444", "#94a3b8"
TINT = (239, 68, 68)
STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "grid.color": GREY,
    "grid.alpha": 0.3,
    "grid.linewidth": 0.6,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "hatch.linewidth": 0.6,
}
WIDTH_INCHES = 6.6
"""Of a plot: the page scales it."""
LARGEST_IMAGE = 512
"""Rows or columns of an embedded picture; chosen so that a page stays below a megabyte or two."""


def styled(plot: Callable[P, str | None]) -> Callable[P, str | None]:
    """``plot`` drawn in ``STYLE``."""

    @functools.wraps(plot)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> str | None:
        import matplotlib

        with matplotlib.rc_context(STYLE):
            return plot(*args, **kwargs)

    return drawn


@styled
def accuracy_by_timestep(metrics: RunMetrics, knee: Knee | None, early: EarlyReport | None) -> str | None:
    """Metrics over time steps, and beside it over the first device's energy; the ANN's dashed, the knee ringed.

    Points more than ``SHOWN_BELOW`` under the lowest final value lie outside. None if there are fewer than two points.
    """
    points = metrics.by_timestep
    keys = [key for key in CURVES if points and points[0].value(key) is not None]
    if len(points) < 2 or not keys:
        return None
    figure, panels = _figure(2 if points[-1].joules else 1, height=3.3)
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
        axes.xaxis.set_major_formatter(lambda value, _, text=axis.text: _short(text(value)))
        axes.grid(True)
    _limit(panels, points, keys, metrics.ann or {})
    panels[0].set_ylabel(METRIC_NAMES[keys[0]] if len(keys) == 1 else "metric")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper left", ncols=2, fontsize=9)
    return _svg(figure, "accuracy")


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


@styled
def rates_by_layer(layers: Sequence[LayerReport], measured_hz: Mapping[str, float]) -> str | None:
    """Percentile and mean rates of the calibration for each layer, and the mean rates of the run."""
    if not layers:
        return None
    places = np.arange(len(layers))
    figure, (axes,) = _figure(1, height=0.26 * len(layers) + 1.1)
    axes.barh(
        places,
        [layer.percentile_rate_hz for layer in layers],
        color=BLUE,
        alpha=0.55,
        height=0.62,
        label="percentile (calibration)",
    )
    axes.plot(
        [layer.mean_rate_hz for layer in layers],
        places,
        "|",
        color=INK,
        markersize=9,
        markeredgewidth=1.6,
        label="mean (calibration)",
    )
    seen = [(measured_hz[layer.name], i) for i, layer in enumerate(layers) if layer.name in measured_hz]
    if seen:
        axes.plot(*zip(*seen, strict=True), "D", color=ORANGE, markersize=4, label="mean (this run)")
    _layer_axis(axes, [layer.name for layer in layers])
    axes.set_xlabel("firing rate (Hz)")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, fontsize=9)
    return _svg(figure, "rates")


@styled
def activity_by_layer(layers: Sequence[LayerRun]) -> str | None:
    """Spikes and synops of each layer for one image."""
    layers = [layer for layer in layers if layer.spikes is not None]
    if not layers:
        return None
    figure, both = _figure(2, height=0.26 * len(layers) + 0.9)
    shown = (("spikes", [x.spikes or 0 for x in layers], BLUE), ("synops", [x.synops or 0 for x in layers], VIOLET))
    for axes, (name, values, colour) in zip(both, shown, strict=True):
        axes.barh(np.arange(len(layers)), values, color=colour, height=0.62)
        axes.set_title(f"{name} for each image")
        axes.xaxis.set_major_formatter(lambda value, _: _short(si(value)))
    _layer_axis(both[0], [layer.name for layer in layers])
    return _svg(figure, "activity")


@styled
def energy_by_device(devices: Sequence[DeviceReport]) -> str | None:
    """Total energy of one inference on a logarithmic axis; hatched where estimated, a diamond for the dynamic part."""
    rows = [(device, total) for device in devices if (total := device.joules_per_inference.total)]
    if not rows:
        return None
    figure, (axes,) = _figure(1, height=0.42 * len(rows) + 1.0)
    for i, (device, total) in enumerate(rows):
        colour = ORANGE if device.kind == "spiking chip" else BLUE
        axes.barh(
            i,
            total,
            color=colour if device.measured else "none",
            edgecolor=colour,
            height=0.6,
            hatch=None if device.measured else "////",
        )
        axes.text(total * 1.15, i, si(total, "J"), va="center", fontsize=9)
        if dynamic := device.joules_per_inference.dynamic:
            axes.plot(dynamic, i, "D", color=INK, markersize=5)
    axes.set_xscale("log")
    lowest = min(value for device, total in rows for value in (total, device.joules_per_inference.dynamic) if value)
    axes.set_xlim(10 ** np.floor(np.log10(lowest) - 0.2), max(total for _, total in rows) * 8)
    axes.xaxis.set_major_formatter(lambda value, _: _short(si(value, "J")))
    _layer_axis(axes, [device.name for device, _ in rows])
    axes.set_xlabel("joules for one inference")
    return _svg(figure, "energy")


def picture_uri(svg: str) -> str:
    """An SVG file as a data URI: shut in, so that its styles and names stay its own."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def image_uri(image: Image, classes: Image | None = None) -> str:
    """An image, shape (h, w) or (h, w, c), as a PNG data URI, stretched to 0..255; pixels of class 0 are tinted red."""
    from PIL import Image

    stride = max(1, -(-max(image.shape[:2]) // LARGEST_IMAGE))
    values = np.asarray(image, np.float64)[::stride, ::stride]
    values = values.reshape(*values.shape[:2], -1)
    low, high = values.min(), values.max()
    scaled = (values - low) / (high - low or 1.0) * 255
    colours = np.repeat(scaled[:, :, :1], 3, axis=2) if scaled.shape[2] != 3 else scaled
    if classes is not None:
        membrane = (np.asarray(classes)[::stride, ::stride] == 0)[:, :, None]
        colours = np.where(membrane, 0.35 * colours + 0.65 * np.array(TINT), colours)
    file = io.BytesIO()
    Image.fromarray(colours.astype(np.uint8)).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _figure(columns: int, *, height: float) -> tuple[Figure, Sequence[Axes]]:
    """A figure with one row of axes, without pyplot and so without a window."""
    from matplotlib import figure as matplotlib_figure

    figure = matplotlib_figure.Figure(figsize=(WIDTH_INCHES, height), layout="constrained")
    return figure, figure.subplots(1, columns, sharey=True, squeeze=False)[0]


def _short(text: str) -> str:
    """The text of a tick: '40' for '40 steps', '4 mJ' for '4.00 mJ'."""
    return re.sub(r"\.0+(?!\d)", "", text).removesuffix(" steps")


def _layer_axis(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(np.arange(len(names)), [name if len(name) < 34 else name[:32] + "…" for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(True, axis="x")
    axes.set_axisbelow(True)


def _svg(figure: Figure, name: str) -> str:
    """The figure as an <svg> element that scales with the page and inherits its text colour and font."""
    import matplotlib

    file = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = file.getvalue()[file.getvalue().index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL).replace(INK, "currentColor")
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    head, rest = svg.split(">", 1)
    return re.sub(r' (width|height)="[\d.]+pt"', "", head) + ">" + rest
