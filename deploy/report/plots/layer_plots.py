"""Plots of layers and constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from convert.report import LayerReport
from deploy.foreign import Axes, Figure
from deploy.report.points import Tornado
from deploy.report.words.si import si
from deploy.runs.report import LayerRun

from .svg import BLUE, INK, ORANGE, VIOLET, Form, Plot, figure_of, plot_of, short


def rates_by_layer(name: str, layers: Sequence[LayerReport], measured_hz: Mapping[str, float]) -> Plot | None:
    """Percentile and mean rates of the calibration for each layer, and the mean rates of the run."""
    if not layers:
        return None
    fastest = max(layers, key=lambda layer: layer.mean_rate_hz)
    described = (
        f"{len(layers)} layers from the input to the output. The highest mean rate is that of {fastest.name}, "
        f"{fastest.mean_rate_hz:.0f} Hz; the percentile of its rates was to be {fastest.percentile_rate_hz:.0f} Hz."
    )

    def draw(form: Form) -> Figure:
        figure, (axes,) = figure_of(form, 1, height=0.26 * len(layers) + 1.2)
        places = np.arange(len(layers))
        rates = [layer.percentile_rate_hz for layer in layers]
        axes.barh(places, rates, color=BLUE, height=0.55, label="percentile")
        means = [layer.mean_rate_hz for layer in layers]
        axes.plot(means, places, "|", color=INK, markersize=11, markeredgewidth=1.8, label="mean")
        seen = [(measured_hz[layer.name], i) for i, layer in enumerate(layers) if layer.name in measured_hz]
        if seen:
            axes.plot(
                *zip(*seen, strict=True), "D", color=ORANGE, markersize=5, markeredgecolor=INK, label="mean, this run"
            )
        layer_axis(axes, [layer.name for layer in layers], form)
        axes.set_xlabel("firing rate (Hz)")
        figure.legend(loc="outside upper left", ncols=3, fontsize=form.font_points - 1)
        return figure

    return plot_of(name, "Firing rates of the layers, in calibration and in this run", described, draw)


def activity_by_layer(name: str, layers: Sequence[LayerRun]) -> Plot | None:
    """Spikes and synops of each layer for one image."""
    layers = [layer for layer in layers if layer.spikes is not None]
    if not layers:
        return None
    most = max(layers, key=lambda layer: layer.synops or 0)
    described = (
        f"{len(layers)} layers from the input to the output. Most synops arrive at {most.name}, {si(most.synops)}."
    )
    shown = (("spikes", [x.spikes or 0 for x in layers], BLUE), ("synops", [x.synops or 0 for x in layers], VIOLET))

    def draw(form: Form) -> Figure:
        figure, both = figure_of(form, 2, height=0.26 * len(layers) + 0.9)
        for axes, (what, values, colour) in zip(both, shown, strict=True):
            axes.barh(np.arange(len(layers)), values, color=colour, height=0.62)
            axes.set_title(f"{what} for each image")
            axes.xaxis.set_major_formatter(lambda value, _: short(si(value)))
            axes.locator_params(axis="x", nbins=5)
            layer_axis(axes, [layer.name for layer in layers], form)
        return figure

    return plot_of(name, "Spikes and synaptic operations of the layers for one image", described, draw)


def tornado_plot(name: str, tornado: Tornado) -> Plot | None:
    """The total energy with each constant at its low and at its high value, the others nominal."""
    swings = tornado.swings
    if not swings:
        return None
    first = swings[0]
    described = (
        f"Nominal {si(tornado.joules, 'J')}. What matters most is {in_words(first.constant)}: "
        f"{si(first.joules_low, 'J')} at its lowest value, {si(first.joules_high, 'J')} at its highest."
    )

    def draw(form: Form) -> Figure:
        figure, (axes,) = figure_of(form, 1, height=0.3 * len(swings) + 1.0)
        for i, swing in enumerate(swings):
            axes.barh(i, swing.joules_low - tornado.joules, left=tornado.joules, color=BLUE, height=0.6)
            axes.barh(i, swing.joules_high - tornado.joules, left=tornado.joules, color=ORANGE, height=0.6)
        axes.axvline(tornado.joules, color=INK, linewidth=0.8)
        axes.xaxis.set_major_formatter(lambda value, _: short(si(value, "J")))
        layer_axis(axes, [in_words(swing.constant) for swing in swings], form, keep_end=False)
        axes.locator_params(axis="x", nbins=4)
        axes.set_xlabel("blue: lowest value, orange: highest")
        return figure

    title = f"Energy at {tornado.point} with one constant after the other changed: {tornado.device}"
    return plot_of(name, title, described, draw)


def in_words(constant: str) -> str:
    """'joules per synop' for 'joules_per_synop'."""
    return constant.replace("_", " ")


def layer_axis(axes: Axes, names: Sequence[str], form: Form, *, keep_end: bool = True) -> None:
    """A row for each of ``names``, the first on top; too long ones lose their beginning, else their end."""
    axes.set_yticks(np.arange(len(names)), [_cut(n, form.longest_name, keep_end) for n in names])
    axes.tick_params(axis="y", labelsize=form.font_points - 1)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(True, axis="x")
    axes.set_axisbelow(True)


def _cut(name: str, longest: int, keep_end: bool) -> str:
    if len(name) <= longest:
        return name
    return "…" + name[len(name) - longest + 1 :] if keep_end else name[: longest - 1] + "…"
