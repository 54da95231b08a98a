"""The rows of trials as a Markdown table, and accuracy over synaptic operations as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .rows import Row

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


def draw(rows: Sequence[Row], path: Path) -> None:
    """Writes the picture as SVG, the same bytes for the same ``rows``."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    mpl.rcParams.update(
        {
            "svg.hashsalt": "few-spikes",
            "svg.fonttype": "none",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.3,
            "legend.frameon": False,
        }
    )
    figure, axes = plt.subplots(figsize=(7.2, 4.4), layout="constrained")
    for row in rows:
        axes.errorbar(
            row.synops / 1e6, row.accuracy, row.error, marker="o", capsize=2, label=f"{row.name}, T = {row.steps}"
        )
    axes.set_xscale("log")
    axes.set_xlabel("synaptic operations an image, millions")
    axes.set_ylabel(f"accuracy, {rows[0].images:,} test images")
    figure.legend(loc="outside right upper")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
