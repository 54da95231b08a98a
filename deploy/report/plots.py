"""Plots for the HTML report: SVG whose text takes the page's colour."""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import ParamSpec

import numpy as np

from convert.report import LayerReport
from deploy.device_report import DeviceReport
from deploy.foreign import Axes, Figure
from deploy.runs.report import LayerRun

from .points import Tornado
from .si import si

P = ParamSpec("P")
INK = "#010203"
"""Stands for the page's text colour in matplotlib, which has no name for it."""
BLUE, ORANGE, GREEN, VIOLET, RED, GREY = "#3b82f6", "#f59e0b", "#10b981", "#8b5cf6", "#ef4444", "#94a3b8"
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


def styled(plot: Callable[P, str | None]) -> Callable[P, str | None]:
    """``plot`` drawn in ``STYLE``."""

    @functools.wraps(plot)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> str | None:
        import matplotlib

        with matplotlib.rc_context(STYLE):
            return plot(*args, **kwargs)

    return drawn


@styled
def rates_by_layer(layers: Sequence[LayerReport], measured_hz: Mapping[str, float]) -> str | None:
    """Percentile and mean rates of the calibration for each layer, and the mean rates of the run."""
    if not layers:
        return None
    places = np.arange(len(layers))
    figure, (axes,) = figure_of(1, height=0.26 * len(layers) + 1.1)
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
    return svg_of(figure, "rates")


@styled
def activity_by_layer(layers: Sequence[LayerRun]) -> str | None:
    """Spikes and synops of each layer for one image."""
    layers = [layer for layer in layers if layer.spikes is not None]
    if not layers:
        return None
    figure, both = figure_of(2, height=0.26 * len(layers) + 0.9)
    shown = (("spikes", [x.spikes or 0 for x in layers], BLUE), ("synops", [x.synops or 0 for x in layers], VIOLET))
    for axes, (name, values, colour) in zip(both, shown, strict=True):
        axes.barh(np.arange(len(layers)), values, color=colour, height=0.62)
        axes.set_title(f"{name} for each image")
        axes.xaxis.set_major_formatter(lambda value, _: short(si(value)))
    _layer_axis(both[0], [layer.name for layer in layers])
    return svg_of(figure, "activity")


@styled
def energy_by_device(devices: Sequence[DeviceReport]) -> str | None:
    """Total energy of one inference on a logarithmic axis; hatched where estimated, a diamond for the dynamic part."""
    rows = [(device, total) for device in devices if (total := device.joules_per_inference.total)]
    if not rows:
        return None
    figure, (axes,) = figure_of(1, height=0.42 * len(rows) + 1.0)
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
    axes.xaxis.set_major_formatter(lambda value, _: short(si(value, "J")))
    _layer_axis(axes, [device.name.removeprefix("this CPU, ") for device, _ in rows], longest=42)
    axes.set_xlabel("joules for one inference")
    return svg_of(figure, "energy")


@styled
def tornado_plot(tornado: Tornado) -> str | None:
    """The total energy with each constant at its low and at its high value, the others nominal."""
    swings = tornado.swings
    if not swings:
        return None
    figure, (axes,) = figure_of(1, height=0.3 * len(swings) + 1.0)
    for i, swing in enumerate(swings):
        axes.barh(i, swing.joules_low - tornado.joules, left=tornado.joules, color=BLUE, height=0.6)
        axes.barh(i, swing.joules_high - tornado.joules, left=tornado.joules, color=ORANGE, height=0.6)
    axes.axvline(tornado.joules, color=INK, linewidth=0.8)
    axes.xaxis.set_major_formatter(lambda value, _: short(si(value, "J")))
    _layer_axis(axes, [swing.constant.replace("_", " ") for swing in swings])
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel(f"joules at {tornado.point}, {tornado.device}; blue: lowest value, orange: highest")
    return svg_of(figure, f"tornado {tornado.device}")


def figure_of(columns: int, *, height: float) -> tuple[Figure, Sequence[Axes]]:
    """A figure with one row of axes, without pyplot and so without a window."""
    from matplotlib import figure as matplotlib_figure

    figure = matplotlib_figure.Figure(figsize=(WIDTH_INCHES, height), layout="constrained")
    return figure, figure.subplots(1, columns, sharey=True, squeeze=False)[0]


def short(text: str) -> str:
    """The text of a tick: '40' for '40 steps', '4 mJ' for '4.00 mJ'."""
    return re.sub(r"\.0+(?!\d)", "", text).removesuffix(" steps")


def _layer_axis(axes: Axes, names: Sequence[str], *, longest: int = 34) -> None:
    axes.set_yticks(np.arange(len(names)), [n if len(n) < longest else n[: longest - 2] + "…" for n in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(True, axis="x")
    axes.set_axisbelow(True)


def svg_of(figure: Figure, name: str) -> str:
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
