"""What a sweep has found, as docs/cluster.md has it: the trials that nothing beats, and its plot.

python -m benchmarks.cluster.swept SWEEP_FOLDER PLOT.svg
"""

from __future__ import annotations

import sys
from pathlib import Path

from deploy.report.plots.pareto_plot import front_plot
from deploy.report.words.si import si
from deploy.sweep.front import front_of, unbeaten
from deploy.sweep.rows import TABLE, SweepRow, read_table

from .searched import table


def main(folder: Path, plot: Path) -> None:
    rows = read_table(folder / TABLE, SweepRow)
    columns = ("rates, Hz", "percentile", "window", "steps", "accuracy", "energy", "operations")
    print(
        table(
            columns,
            [
                (
                    f"{row.rates_low_hz:g} to {row.rates_high_hz:g}",
                    row.percentile,
                    row.window,
                    row.timesteps,
                    f"{row.value:.3f}",
                    si(row.joules, "J"),
                    si(row.synops, ""),
                )
                for row in unbeaten(rows)
            ],
        )
    )
    svg = front_plot("sweep", front_of(rows, "CIFAR-10", lambda row: f"percentile {row.percentile}")).wide
    plot.write_text(svg if "xmlns=" in svg[:300] else svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1))


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:3]))
