"""What a search has found, as docs/search.md has it: its tables, and its plot.

python -m benchmarks.cluster.searched SEARCH_FOLDER PLOT.svg
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from deploy.report.plots.pareto_plot import front_plot
from deploy.report.words.si import si
from deploy.search.rows import TABLE, SearchRow, fitness
from deploy.sweep.front import front_of, unbeaten
from deploy.sweep.rows import problems_of, read_table

WEIGHT = 0.08


def best(rows: Sequence[SearchRow]) -> SearchRow:
    """The fittest readout."""
    return max((row for row in rows if row.value is not None), key=lambda row: fitness([row], WEIGHT) or 0.0)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def told(row: SearchRow) -> list[object]:
    return [
        f"`{row.trial}`",
        "winner" if row.generation is None else row.generation + 1,
        row.timesteps,
        f"{row.value:.3f}",
        f"{row.original:.3f}",
        si(row.joules, "J"),
        row.chips,
        f"{row.parameters:,}",
    ]


def main(folder: Path, plot: Path) -> None:
    rows = read_table(folder / TABLE, SearchRow)
    candidates = [row for row in rows if row.generation is not None]
    by_generation: dict[int, dict[str, list[SearchRow]]] = {}
    for row in candidates:
        by_generation.setdefault(row.generation or 0, {}).setdefault(row.key, []).append(row)
    generations = []
    for number, of_key in sorted(by_generation.items()):
        found = [best(some) for some in of_key.values() if any(row.value is not None for row in some)]
        fit = sorted((fitness([row], WEIGHT) or 0.0) for row in found)
        top = best(found)
        accuracy = sum(row.value or 0.0 for row in found) / len(found)
        joules = sum(row.joules or 0.0 for row in found) / len(found)
        mean, most = f"{sum(fit) / len(fit):.3f}", f"{fit[-1]:.3f}"
        generations.append(
            [number + 1, len(of_key), mean, most, f"{accuracy:.3f}", si(joules, "J"), f"`{top.trial}`"],
        )
    print(
        table(
            ("generation", "candidates", "mean fitness", "best", "mean accuracy", "mean energy", "the fittest"),
            generations,
        )
    )
    columns = ("architecture", "generation", "steps", "accuracy", "without spikes", "energy", "chips", "parameters")
    print(table(columns, [told(row) for row in unbeaten(candidates)]))
    winner = [row for row in rows if row.key == rows[-1].key]
    if winner[-1].generation is None:
        fittest = best(candidates)
        print(table(columns, [told(fittest), told(best(winner)), told(winner[-1])]))
    print(problems_of(candidates))
    front = front_of(candidates, "CIFAR-10", lambda row: f"generation {1 + (row.generation or 0)}")
    svg = front_plot("search", front).wide
    plot.write_text(svg if "xmlns=" in svg[:300] else svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1))


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:3]))
