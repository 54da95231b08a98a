"""A figure of the firing rates: their distribution in each layer, before and after fine-tuning, and their targets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from convert.report import ConversionReport
from convert.upstream.types import Axes, Figure

LIGHT, DARK, TARGET = "#7fb2dd", "#08306b", "#d55e00"
"""Before and after differ in lightness, the target in hue too; they stay apart for every kind of colour vision."""
SHOWN = 2.0
"""The axis ends at so many times the largest target; what lies beyond is written there."""
LONGEST_NAME = 34


def draw(report: ConversionReport, path: Path) -> None:
    """Writes the rates of ``report`` to ``path`` as SVG."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    layers = report.layers
    figure = Figure(figsize=(8.0, 1.7 + 0.32 * len(layers)), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    end = SHOWN * max(layer.percentile_rate_hz for layer in layers)
    largest = max(rates["max"] for layer in layers for rates in layer.rates_hz_percentiles.values())
    axes.set_xlim(0, min(end, 1.05 * max(largest, end / SHOWN)))
    for row, layer in enumerate(layers):
        sets = layer.rates_hz_percentiles
        for i, (rates, colour) in enumerate(zip(sets.values(), (LIGHT, DARK)[-len(sets) :], strict=True)):
            _range(axes, row + (0.36 * i - 0.18 if len(sets) > 1 else 0.0), rates, colour)
        axes.plot([layer.percentile_rate_hz] * 2, [row - 0.42, row + 0.42], color=TARGET, lw=1.6, zorder=4)
    _layer_axis(axes, [layer.name + ("" if layer.on_chip else " (host)") for layer in layers])
    axes.set_xlabel("firing rate (Hz)")
    fine_tuned = any("after" in layer.rates_hz_percentiles for layer in layers)
    _legend(figure, fine_tuned=fine_tuned)
    axes.set_title(_title(report, fine_tuned=fine_tuned), fontsize=9, loc="left")
    with matplotlib.rc_context({"svg.hashsalt": "rates"}):
        figure.savefig(path, format="svg", metadata={"Date": None, "Description": str(report.provenance or "")})


def _range(axes: Axes, y: float, rates: Mapping[str, float], colour: str) -> None:
    """Thin from the median to the maximum, thick from the 90th to the 99.9th percentile, the 99th a gap."""
    end = axes.get_xlim()[1]
    axes.plot([rates["50"], rates["max"]], [y, y], color=colour, lw=0.9, solid_capstyle="butt", zorder=2)
    axes.plot([rates["90"], rates["99.9"]], [y, y], color=colour, lw=5.0, solid_capstyle="butt", zorder=2)
    axes.plot([rates["99"]], [y], "|", color="white", markersize=4.5, markeredgewidth=1.2, zorder=3)
    if rates["max"] > end:
        axes.text(1.005 * end, y, f"to {rates['max']:,.0f}", fontsize=6.5, va="center", color="0.25")
    else:
        axes.plot([rates["max"]], [y], "|", color=colour, markersize=5, markeredgewidth=0.9, zorder=2)


def _layer_axis(axes: Axes, names: list[str]) -> None:
    axes.set_yticks(
        range(len(names)), [n if len(n) <= LONGEST_NAME else n[: LONGEST_NAME - 1] + "…" for n in names], fontsize=8
    )
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(True, axis="x", color="0.9", lw=0.6)
    axes.set_axisbelow(True)
    for row in range(1, len(names)):
        axes.axhline(row - 0.5, color="0.93", lw=0.6, zorder=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _legend(figure: Figure, *, fine_tuned: bool) -> None:
    from matplotlib.lines import Line2D

    sets = {"before fine-tuning": LIGHT, "after": DARK} if fine_tuned else {"all neurons and images": DARK}
    handles = [Line2D([], [], color=colour, lw=5, label=label) for label, colour in sets.items()]
    handles.append(Line2D([], [], color=TARGET, lw=1.6, label="target"))
    figure.legend(handles=handles, fontsize=8, loc="outside upper left", ncols=len(handles), frameon=False)


def _title(report: ConversionReport, *, fine_tuned: bool) -> str:
    lines = ["thick: 90th to 99.9th percentile, split at the 99th; thin: median to maximum"]
    if (measured_on := report.rates_measured_on) is not None:
        which = "did not set" if measured_on.held_out_from_calibration else "set"
        scales = ", both by those from before fine-tuning" if fine_tuned else ""
        lines.insert(0, f"Rates on {measured_on.count} {measured_on.of} that {which} the scales{scales}")
    return "\n".join(lines)
