"""A picture of a partition: chips where they stand on the board, cores in the colour of their layer, traffic as lines.

Beside it, if there are several chips, the messages from one to another, and how full the cores are by each limit.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from convert.network import Network
from partition.copies.cores import cores_used
from partition.geometry.blocks import Floats, Ints
from partition.geometry.links import links_onto_chip

from .hardware import Chip
from .report import PartitionReport
from .result import Partition

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CORE_COLUMNS = 16
"""Cores drawn beside each other in a chip."""
GAP = 8
"""Space between chips, in cores."""
PALE = 0.4
"""The opacity of a copy."""
LEAST_SHOWN = 0.005
"""Pairs of chips below this share of the heaviest have no line."""


def draw(partition: Partition, network: Network, path: Path) -> None:
    """Writes the picture of ``partition``, whose report tells the traffic, to ``path`` as SVG."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    places, messages = _corner_places(partition.report), np.array(partition.report.chip_to_chip, np.float64)
    rows, columns = places.max(axis=0) + 1
    height = max(4.6, 1.4 + 1.5 * rows)
    figure = Figure(figsize=(6.4 + 2.4 * columns, height), layout="constrained")
    FigureCanvasSVG(figure)
    several = len(messages) > 1
    grid = figure.add_gridspec(1 + several, 2, width_ratios=(2.0 + 2.4 * columns, 4.4))
    _draw_board(figure.add_subplot(grid[:, 0]), partition, places, messages)
    if several:
        _draw_matrix(figure.add_subplot(grid[0, 1]), messages)
    _draw_fullness(figure.add_subplot(grid[-1, 1]), partition, network)
    with matplotlib.rc_context({"svg.hashsalt": "partition"}):
        figure.savefig(
            path, format="svg", metadata={"Date": None, "Description": str(partition.report.provenance or "")}
        )


def _corner_places(report: PartitionReport) -> Ints:
    """The row and column of each chip on its board, the first ones in use counted as 0; shape (chips, 2)."""
    places = np.asarray(report.places, np.int64)
    return np.asarray(places - places.min(axis=0))


def _core_rows(chip: Chip) -> int:
    """Rows of cores drawn in a chip."""
    return -(-chip.cores // CORE_COLUMNS)


def _draw_board(axes: Axes, partition: Partition, places: Ints, messages: Floats) -> None:
    rows = _core_rows(partition.board.chip)
    corners = places[:, ::-1].astype(np.float64) * np.array([CORE_COLUMNS + GAP, rows + GAP])
    axes.set_aspect("equal")
    axes.set_axis_off()
    _draw_links(axes, corners + np.array([CORE_COLUMNS, rows]) / 2, messages)
    _draw_chips(axes, corners, rows)
    _draw_cores(axes, corners, partition)
    axes.autoscale_view()
    axes.invert_yaxis()
    axes.set_title(_title(partition.report), fontsize=8, loc="left")


def _draw_matrix(axes: Axes, messages: Floats) -> None:
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


def _draw_fullness(axes: Axes, partition: Partition, network: Network) -> None:
    """For each limit of a core, all cores from the fullest to the emptiest."""
    chip = partition.board.chip
    used = cores_used(partition.wiring(network), links_onto_chip(network), chip)
    limits = {
        "compartments": (used.compartments, chip.compartments),
        "synapse memory": (used.synapse_bits, chip.synapse_bits),
        "input axons": (used.in_axons, chip.in_axons),
        "output axon slots": (used.out_slots, chip.out_axon_slots),
    }
    for name, (values, limit) in limits.items():
        share = np.sort(values)[::-1] / limit
        axes.step(np.arange(1, len(share) + 1), 100 * share, where="mid", label=name, lw=1.2)
    axes.set_ylim(0, 105)
    axes.set_xlabel("cores, the fullest first", fontsize=7)
    axes.set_ylabel("% of the limit of a core", fontsize=7)
    axes.tick_params(labelsize=6)
    axes.legend(fontsize=6, frameon=False)


def _draw_chips(axes: Axes, corners: Floats, rows: int) -> None:
    """A frame with its number for each chip."""
    from matplotlib.patches import Rectangle

    for chip, corner in enumerate(corners):
        frame = Rectangle(corner - 0.5, CORE_COLUMNS + 1, rows + 1, facecolor="white", edgecolor="0.4", lw=0.8)
        axes.add_patch(frame).set_zorder(2)
        axes.text(corner[0], corner[1] - 0.8, f"chip {chip}", fontsize=6, zorder=4)


def _draw_cores(axes: Axes, corners: Floats, partition: Partition) -> None:
    """A square for each block in the colour of its layer, and a paler one for each copy."""
    from matplotlib import colormaps
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Patch, Rectangle

    layers = list(partition.tiles)
    colour = {name: colormaps["turbo"]((i + 0.5) / len(layers)) for i, name in enumerate(layers)}
    squares = []
    for block in partition.on_cores:
        x, y = corners[block.chip] + (block.core % CORE_COLUMNS, block.core // CORE_COLUMNS)
        squares.append(Rectangle((x + 0.06, y + 0.06), 0.88, 0.88))
    faces = [(*colour[block.layer][:3], 1.0) for block in partition.blocks]
    faces += [(*colour[copy.layer][:3], PALE) for copy in partition.copies]
    axes.add_collection(PatchCollection(squares, facecolors=faces, linewidths=0, zorder=3))
    legend = [Patch(color=colour[name], label=name) for name in layers]
    axes.legend(handles=legend, fontsize=6, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _draw_links(axes: Axes, centres: Floats, messages: Floats) -> None:
    """Curved lines between chips, their width the messages both ways; the heaviest is 6 points wide."""
    from matplotlib.patches import FancyArrowPatch

    both = np.triu(messages + messages.T, k=1)
    if not both.any():
        return
    for a, b in np.argwhere(both > LEAST_SHOWN * both.max()).tolist():
        width = 6.0 * both[a, b] / both.max()
        line = FancyArrowPatch(centres[a], centres[b], arrowstyle="-", connectionstyle="arc3,rad=0.2", lw=width)
        line.set(color="0.55", alpha=0.7, zorder=1, capstyle="round")
        axes.add_patch(line)


def _title(report: PartitionReport) -> str:
    messages = report.messages_per_step
    bound, gap = report.lower_bound_interchip, report.optimality_gap
    proved = "" if report.copied else f"\n(proved for these tiles: at least {bound:,.0f}, a gap of {gap:.0%})"
    copied = f" ({len(report.copied):,} of them with copies)" if report.copied else ""
    return (
        f"{report.cores:,} cores{copied} on {report.chips} chip{'' if report.chips == 1 else 's'} ({report.board})\n"
        f"estimated messages per time step: {messages.total:,.0f} between cores,\n"
        f"of these {messages.interchip:,.0f} between chips{proved if report.chips > 1 else ''}"
    )
