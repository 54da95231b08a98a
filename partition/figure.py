"""A picture of a partition: chips where they stand on the board, cores in the colour of their layer, traffic as lines.

Beside it the messages from chip to chip, and how full the cores are by each limit.
"""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from convert.network import Network
from partition.core.utilization import utilization
from partition.geometry.blocks import Floats, Ints
from partition.geometry.links import chip_links

from .hardware import LOIHI
from .result import Partition

CORE_COLUMNS = 16
"""Cores drawn beside each other in a chip."""
GAP = 8
"""Space between chips, in cores."""


def draw(partition: Partition, network: Network, path: Path) -> None:
    """Writes the picture to ``path`` as SVG."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    places = _places(partition)
    rows, columns = places.max(axis=0) + 1
    height = max(4.6, 1.4 + 1.5 * rows)
    figure = Figure(figsize=(6.4 + 2.4 * columns, height), layout="constrained")
    FigureCanvasSVG(figure)
    grid = figure.add_gridspec(2, 2, width_ratios=(2.0 + 2.4 * columns, 4.4))
    _board(figure.add_subplot(grid[:, 0]), partition, network, places)
    _matrix(figure.add_subplot(grid[0, 1]), _messages(partition))
    _fullness(figure.add_subplot(grid[1, 1]), partition, network)
    with matplotlib.rc_context({"svg.hashsalt": "partition"}):
        figure.savefig(path, format="svg", metadata={"Date": None})


def _places(partition: Partition) -> Ints:
    """The row and column of each chip on its board, the first ones in use counted as 0; shape (chips, 2)."""
    if "places" in partition.facts:
        places = np.asarray(partition.facts["places"], np.int64)
        return np.asarray(places - places.min(axis=0))
    columns = ceil(partition.chips**0.5)
    return np.stack(np.divmod(np.arange(partition.chips), columns), axis=1)


def _messages(partition: Partition) -> Floats:
    """Messages per time step from chip to chip."""
    chips = partition.chips
    return np.asarray(partition.facts.get("chip_to_chip", np.zeros((chips, chips))), np.float64)


def _board(axes: Any, partition: Partition, network: Network, places: Ints) -> None:
    height = LOIHI.cores // CORE_COLUMNS
    corners = places[:, ::-1].astype(np.float64) * np.array([CORE_COLUMNS + GAP, height + GAP])
    axes.set_aspect("equal")
    axes.set_axis_off()
    _links(axes, corners, _messages(partition))
    _cores(axes, corners, partition, [p.name for p in network.chip_populations])
    axes.autoscale_view()
    axes.invert_yaxis()
    axes.set_title(_title(partition), fontsize=8, loc="left")


def _matrix(axes: Any, messages: Floats) -> None:
    """Messages from each chip (rows) to each other (columns)."""
    shown = np.where(messages > 0, messages, np.nan)
    mesh = axes.pcolormesh(shown, cmap="viridis_r", vmin=0, edgecolors="white", linewidth=0.3)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.set_title("messages per time step from chip (row) to chip (column)", fontsize=7)
    ticks = np.arange(0, len(messages), max(1, len(messages) // 8))
    axes.set_xticks(ticks + 0.5, ticks, fontsize=6)
    axes.set_yticks(ticks + 0.5, ticks, fontsize=6)
    if np.isfinite(shown).any():
        axes.figure.colorbar(mesh, ax=axes, shrink=0.8).ax.tick_params(labelsize=6)


def _fullness(axes: Any, partition: Partition, network: Network) -> None:
    """For each limit of a core, all cores from the fullest to the emptiest."""
    links = chip_links(network)
    used = [utilization(p, links, partition.tiles, LOIHI, partition.packing(p.name)) for p in network.chip_populations]
    limits = {
        "compartments": ([u.compartments for u in used], LOIHI.compartments),
        "synapse memory": ([u.synapse_bits for u in used], LOIHI.synapse_bits),
        "input axons": ([u.in_axons for u in used], LOIHI.in_axons),
        "output axon slots": ([u.out_slots + u.crossing_slots for u in used], LOIHI.out_axon_slots),
    }
    for name, (values, limit) in limits.items():
        share = np.sort(np.concatenate(values))[::-1] / limit
        axes.step(np.arange(1, len(share) + 1), 100 * share, where="mid", label=name, lw=1.2)
    axes.set_ylim(0, 105)
    axes.set_xlabel("cores, the fullest first", fontsize=7)
    axes.set_ylabel("% of the limit of a core", fontsize=7)
    axes.tick_params(labelsize=6)
    axes.legend(fontsize=6, frameon=False)


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
        f"{len(partition.blocks):,} cores on {partition.chips} chips ({partition.board})\n"
        f"estimated messages per time step: {messages['total']:,.0f} between cores,\n"
        f"of these {messages['interchip']:,.0f} between chips{_proved(partition)}"
    )


def _proved(partition: Partition) -> str:
    if partition.chips == 1 or "optimality_gap" not in partition.facts:
        return ""
    bound, gap = partition.facts["lower_bound_interchip"], partition.facts["optimality_gap"]
    return f"\n(proved for these tiles: at least {bound:,.0f}, a gap of {gap:.0%})"
