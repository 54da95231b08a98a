"""The rows of trials as a Markdown table, and accuracy over synaptic operations as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .rows import Point, Row

KERAS = 0.865
"""The accuracy of the model that is converted."""

ENGINES = {"int8 on a processor, OpenVINO": 0.542, "int8 on a processor, LiteRT": 0.587}
"""Millijoules an image at the best batch, from the tables of docs/energy.md."""

STYLE = {
    "svg.hashsalt": "few-spikes",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.titlelocation": "left",
    "grid.alpha": 0.3,
    "legend.frameon": False,
}

HEADINGS = (
    "recipe",
    "T (steps in all)",
    "images seen",
    "CPU minutes",
    "accuracy, 8 bits",
    "not rounded",
    "spikes",
    "operations",
)


def table(rows: Sequence[Row]) -> str:
    lines = [f"| {' | '.join(HEADINGS)} |", "|" + "---|" * len(HEADINGS)]
    for row in rows:
        cells = (
            row.name,
            f"{row.steps} ({row.steps_in_all})",
            f"{row.trained_on:,}",
            f"{row.cpu_minutes:.1f}",
            f"{row.accuracy:.3f} +- {row.error:.3f}",
            f"{row.accuracy_unrounded:.3f}",
            f"{row.spikes / 1e3:.0f} k + {row.host_spikes / 1e3:.0f} k",
            f"{row.synops / 1e6:.1f} M",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(rows: Sequence[Row], points: Sequence[Point], path: Path) -> None:
    """Writes the picture as SVG, the same bytes for the same ``rows`` and ``points``."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    with mpl.rc_context(STYLE):
        figure, (front, trials) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
        for series in dict.fromkeys(point.series for point in points):
            some = [point for point in points if point.series == series]
            x, y = [p.millijoules for p in some], [p.accuracy for p in some]
            front.errorbar(x, y, [p.error for p in some], marker="o", linestyle="", capsize=2, label=series)
            for p in some:
                front.annotate(
                    p.label, (p.millijoules, p.accuracy), xytext=(4, 5), textcoords="offset points", fontsize=7
                )
        for name, millijoules in ENGINES.items():
            front.plot(millijoules, KERAS, marker="*", linestyle="", markersize=9, label=name)
        front.set_xscale("log")
        front.set_xticks([0.5, 1, 2, 5, 10], ["0.5", "1", "2", "5", "10"])
        front.set(xlabel="millijoules an image (Davies 2018; processor: as measured)")
        front.set(ylabel="accuracy, 5,000 test images", title="Exact integers")
        for k, row in enumerate(rows):
            marker = "osD^vPX<>*hd8"[k % 13]
            label = f"{row.name}, T = {row.steps}"
            trials.errorbar(row.synops / 1e6, row.accuracy, row.error, marker=marker, capsize=2, label=label)
        trials.set(xlabel="synaptic operations an image, millions", ylabel=f"accuracy, {rows[0].images:,} test images")
        trials.set(title=f"Recipes after {rows[0].trained_on:,} images")
        for panel in (front, trials):
            panel.legend(fontsize=7, loc="lower right")
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)
