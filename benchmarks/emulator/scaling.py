"""How the time grows with neurons, spikes, images and cores: one picture of four, and its numbers beside it.

Run with ``python -m benchmarks.emulator.scaling`` from the repository; writes docs/emulator-scaling.svg and .json.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from deploy.emulator import compile_network, drives_hz, run

from .networks import Subject, random_unet
from .record import Record, options_of, timed

DOCS = Path(__file__).parents[2] / "docs"
SIZES = (16, 32, 48, 64, 96, 128)
RATES_HZ = (2.0, 5.0, 10.0, 20.0, 40.0, 80.0)
IMAGES = (1, 2, 4, 8, 16, 32)
REPEAT = 3


def measure(subject: Subject, steps: int, images: int, threads: int) -> dict[str, Any]:
    """Seconds to compile the network and to run ``images`` images, and what happened in them."""
    network = subject.network
    drives = drives_hz(network, np.resize(subject.images, (images, *subject.images.shape[1:])))
    compilation, program = timed(lambda: compile_network(network, subject.partition), REPEAT)
    run(program, drives, 2, threads=threads)
    time, results = timed(lambda: run(program, drives, steps, threads=threads), REPEAT)
    counts = [count for result in results for count in result.counts.values()]
    return {
        "neurons": sum(p.neurons for p in network.chip_populations),
        "images": images,
        "threads": threads,
        "compile_s": compilation["s"],
        "run_s": time["s"],
        "cores_busy": time["cores_busy"],
        "spikes": sum(count.spikes for count in counts),
        "synops": sum(count.synops for count in counts),
    }


def measured(record: Record, steps: int) -> dict[str, list[dict[str, Any]]]:
    """A series of measurements for each panel."""

    def at(size: int = 64, rate_hz: float = 17.0, images: int = 1, threads: int = 1) -> dict[str, Any]:
        def fresh() -> dict[str, Any]:
            return measure(random_unet(size, steps=steps, rate_hz=rate_hz), steps, images, threads)

        return dict(record.measured(f"{size} pixels, {rate_hz:g} Hz, {images} images, {threads} threads", fresh))

    cores = os.cpu_count() or 1
    return {
        "neurons": [at(size=size) for size in SIZES],
        "spikes": [at(rate_hz=rate_hz) for rate_hz in RATES_HZ],
        "images": [at(images=images, threads=cores) for images in IMAGES],
        "cores": [at(images=16, threads=threads) for threads in range(1, cores + 1)],
        "sharing": [at(images=1, threads=threads) for threads in range(1, cores + 1)],
    }


def draw(series: dict[str, list[dict[str, Any]]], steps: int, path: Path) -> None:
    """Four panels as SVG, the same file for the same numbers."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    mpl.rcParams.update(
        {
            "svg.hashsalt": "scaling",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.3,
            "lines.marker": "o",
            "lines.markersize": 4,
        }
    )
    figure, axes = plt.subplots(2, 2, figsize=(9, 6.2), layout="constrained")
    figure.suptitle(f"U-Net, random weights, {steps} steps", fontsize=10)

    def values(name: str, key: str, scale: float = 1.0) -> list[float]:
        return [row[key] * scale for row in series[name]]

    panel = axes[0, 0]
    panel.loglog(values("neurons", "neurons"), values("neurons", "run_s"), label="an image, one core")
    panel.loglog(values("neurons", "neurons"), values("neurons", "compile_s"), label="compile")
    panel.set(xlabel="neurons on the chip (17 Hz each)", ylabel="seconds", title="neurons")
    panel.legend(frameon=False)
    panel = axes[0, 1]
    panel.plot(values("spikes", "spikes", 1e-6), values("spikes", "run_s"))
    for row in series["spikes"][2:]:
        panel.annotate(
            f"{row['synops'] / 1e6:,.0f} M synops",
            (row["spikes"] * 1e-6, row["run_s"]),
            fontsize=7,
            xytext=(4, -9),
            textcoords="offset points",
        )
    panel.set(xlabel="million spikes of an image", ylabel="seconds", title="spikes (64x64, one core)", ylim=0, xlim=0)
    panel = axes[1, 0]
    panel.plot(values("images", "images"), values("images", "run_s"))
    panel.set(
        xlabel="images",
        ylabel="seconds",
        title=f"images (64x64, {series['images'][0]['threads']} cores)",
        ylim=0,
        xlim=0,
    )
    panel = axes[1, 1]
    for name, label in (("cores", "an image on each core"), ("sharing", "the cores share an image")):
        panel.plot(values(name, "threads"), [series[name][0]["run_s"] / s for s in values(name, "run_s")], label=label)
    panel.plot(values("cores", "threads"), values("cores", "threads"), ":", color="gray", marker="", label="ideal")
    panel.set(
        xlabel="cores", ylabel="times as fast as one", title="cores (64x64)", ylim=0, xticks=values("cores", "threads")
    )
    panel.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=200)
    options, record = options_of(parser, arguments, DOCS / "emulator-scaling.json")
    series = measured(record, options.steps)
    draw(series, options.steps, options.out.with_suffix(".svg"))
    for name, rows in series.items():
        print(name, *(f"{row['run_s']:.3f} s" for row in rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
