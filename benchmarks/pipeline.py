"""The picture of README and the site: what `make demo` leaves, from the image to the energy.

    make demo && python -m benchmarks.pipeline demo docs/pipeline.svg

Everything in it is of the first test image of the demo, but accuracy and joules, which are the report's.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from PIL import Image

import convert
import deploy
import partition
from deploy.emulator import compile_network, drives_hz
from deploy.emulator import run as emulate

LAYER = "down_b_relu"
STEPS = 24
"""Steps after which the output is shown: the demo's knee."""
CORE_COLUMNS = 16
SHOWN_NEURONS = 512


def draw(demo: Path, path: Path) -> None:
    """Writes the picture of the demo in ``demo`` to ``path``."""
    bundle = demo / "unet.bundle"
    network, chips = convert.load_network(bundle), partition.read_partition(bundle / "partition.json")
    first = min((demo / "test" / "image").iterdir())
    image = np.array(Image.open(first), np.float32)[None, :, :, None]
    figure = Figure(figsize=(11, 2.5), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.subplots(1, 5, width_ratios=(1, 1.25, 1.5, 1, 1.5))
    _picture(axes[0], image[0, :, :, 0], "a micrograph")
    program = compile_network(network, chips)
    (shown,) = emulate(program, drives_hz(network, image), record=[LAYER])
    layer = next(layer for layer in program.layers if layer.name == LAYER)
    _raster(axes[1], shown.spikes[LAYER].raster(layer))
    _cores(axes[2], chips)
    output = deploy.run_images(network, chips, image, steps=(STEPS,)).outputs[0, 0]
    _picture(axes[3], output[..., -1], f"cells after {STEPS} steps")
    _accuracy(axes[4], json.loads((demo / "report.json").read_text()))
    with matplotlib.rc_context({"svg.hashsalt": "pipeline"}):
        figure.savefig(path, format="svg", metadata={"Date": None})


def _picture(axes: Axes, values: np.ndarray, title: str) -> None:
    axes.imshow(values, cmap="gray", interpolation="nearest")
    axes.set_title(title, fontsize=9)
    axes.set_axis_off()


def _raster(axes: Axes, raster: np.ndarray) -> None:
    """Black where a neuron fired in a step."""
    chosen = raster[:, :: max(1, raster.shape[1] // SHOWN_NEURONS)].T
    axes.imshow(~chosen, cmap="gray", aspect="auto", interpolation="nearest")
    axes.set_title("its spikes in a layer", fontsize=9)
    axes.set_xlabel("step", fontsize=8)
    axes.set_ylabel("neurons", fontsize=8)
    axes.set_yticks([])
    axes.tick_params(labelsize=7)


def _cores(axes: Axes, chips: partition.Partition) -> None:
    """The cores of a chip, each in the colour of its layer."""
    names = list(chips.tiles)
    cores = np.full(chips.board.chip.cores, np.nan)
    for block in chips.blocks:
        if block.chip == 0:
            cores[block.core] = names.index(block.layer)
    axes.imshow(cores.reshape(-1, CORE_COLUMNS), cmap="tab10", vmin=0, vmax=9, interpolation="nearest")
    axes.set_xticks(np.arange(CORE_COLUMNS + 1) - 0.5, [])
    axes.set_yticks(np.arange(len(cores) // CORE_COLUMNS + 1) - 0.5, [])
    axes.grid(color="0.8", linewidth=0.5)
    axes.tick_params(length=0)
    axes.set_title(f"{len(chips.blocks)} cores of a chip, by layer", fontsize=9)


def _accuracy(axes: Axes, report: dict) -> None:
    """Pixel accuracy over microjoules, readout by readout, and the original's."""
    run = next(run for run in report["runs"] if run["target"] == "fast")
    rows = run["metrics"]["by_timestep"]
    (device,) = (name for name in rows[0]["joules_per_inference"] if "SANA-FE" in name)
    joules = [row["joules_per_inference"][device] * 1e6 for row in rows]
    axes.plot(joules, [row["pixel_accuracy"] for row in rows], marker="o", markersize=3, color="tab:blue")
    axes.axhline(run["metrics"]["ann"]["pixel_accuracy"], color="0.4", linewidth=0.8, linestyle="--")
    axes.set_title("accuracy over energy (dashed: Keras)", fontsize=9)
    axes.set_xlabel("µJ an image on Loihi, estimated", fontsize=8)
    axes.tick_params(labelsize=7)


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
