"""A picture of a partition: chips as frames, cores as squares in the colour of their layer, traffic as lines."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from convert.network import ConvertedNetwork

from .geometry import Floats
from .hardware import LOIHI
from .plan import Partition

CORE_COLUMNS = 16
"""Cores drawn beside each other in a chip."""
GAP = 8
"""Space between chips, in cores."""


def draw(partition: Partition, network: ConvertedNetwork, path: Path) -> None:
    """Writes the picture to ``path`` as SVG."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    chips = partition.chips
    columns = max(1, ceil(chips**0.5))
    rows = ceil(chips / columns)
    figure = Figure(figsize=(2.0 + 2.4 * columns, 1.4 + 1.5 * rows), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    axes.set_aspect("equal")
    axes.set_axis_off()
    corners = _corners(chips, columns)
    _links(axes, corners, np.asarray(partition.facts.get("chip_to_chip", np.zeros((chips, chips))), np.float64))
    _cores(axes, corners, partition, [p.name for p in network.chip_populations])
    axes.autoscale_view()
    axes.invert_yaxis()
    axes.set_title(_title(partition), fontsize=9)
    with matplotlib.rc_context({"svg.hashsalt": "partition"}):
        figure.savefig(path, format="svg", metadata={"Date": None})


def _corners(chips: int, columns: int) -> Floats:
    """The upper left corner of each chip, shape (chips, 2), in cores."""
    height = LOIHI.cores // CORE_COLUMNS
    chip = np.arange(chips)
    return np.stack([chip % columns * (CORE_COLUMNS + GAP), chip // columns * (height + GAP)], axis=1).astype(float)


def _cores(axes: Any, corners: Floats, partition: Partition, layers: list[str]) -> None:
    from matplotlib import colormaps
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Patch, Rectangle

    height = LOIHI.cores // CORE_COLUMNS
    for corner in corners:
        frame = Rectangle(corner - 0.5, CORE_COLUMNS + 1, height + 1, facecolor="white", edgecolor="0.4", lw=0.8)
        axes.add_patch(frame).set_zorder(2)
    colour = {name: colormaps["turbo"]((i + 0.5) / len(layers)) for i, name in enumerate(layers)}
    squares = []
    for block in partition.blocks:
        x, y = corners[block.chip] + (block.core % CORE_COLUMNS, block.core // CORE_COLUMNS)
        squares.append(Rectangle((x + 0.06, y + 0.06), 0.88, 0.88))
    faces = [colour[block.layer] for block in partition.blocks]
    axes.add_collection(PatchCollection(squares, facecolors=faces, linewidths=0, zorder=3))
    for chip, corner in enumerate(corners):
        axes.text(corner[0], corner[1] - 0.8, f"chip {chip}", fontsize=6, zorder=4)
    legend = [Patch(color=colour[name], label=name) for name in layers]
    axes.legend(handles=legend, fontsize=6, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _links(axes: Any, corners: Floats, messages: Floats) -> None:
    """Curved lines between chips, their width the messages both ways; the heaviest is 6 points wide."""
    from matplotlib.patches import FancyArrowPatch

    both = np.triu(messages + messages.T, k=1)
    if not both.any():
        return
    centre = corners + np.array([CORE_COLUMNS, LOIHI.cores / CORE_COLUMNS]) / 2
    for a, b in np.argwhere(both > 0.005 * both.max()).tolist():
        width = 6.0 * both[a, b] / both.max()
        line = FancyArrowPatch(centre[a], centre[b], arrowstyle="-", connectionstyle="arc3,rad=0.2", lw=width)
        line.set(color="0.55", alpha=0.7, zorder=1, capstyle="round")
        axes.add_patch(line)


def _title(partition: Partition) -> str:
    messages = partition.facts["messages_per_step"]
    return (
        f"{len(partition.blocks)} cores on {partition.chips} chips ({partition.board})\n"
        f"estimated messages per time step: {messages['total']:,.0f} between cores, "
        f"of these {messages['interchip']:,.0f} between chips"
    )
