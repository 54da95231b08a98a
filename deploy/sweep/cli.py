"""sweep-model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from convert.console.terminal import command, console, memory, progress, waiting
from convert.options import Options
from deploy.cluster.command import cluster_options

from .values import Values

DEFAULTS = Options()


def _range(part: str) -> tuple[float, float]:
    low, high = (float(number) for number in part.split(":"))
    if not low <= high:
        raise ValueError(part)
    return low, high


@click.command(
    epilog="Example: sweep-model model.keras --data train/ --held-out test/ -o sweep --rates 250:400,400:600 "
    "--percentile 99,99.9 --seed 0,1,2 --workers 4"
)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Training data, to convert with.")
@click.option("--held-out", type=click.Path(path_type=Path), help="Data to measure on.  [default: the training data]")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for the table and the page."
)
@click.option("--images", type=click.IntRange(1), default=500, show_default=True, help="Measure on so many images.")
@click.option("--random", "count", type=click.IntRange(1), metavar="N", help="Try N random combinations, not all.")
@click.option("--draw-seed", type=int, default=0, show_default=True, help="Which random combinations.")
@click.option("--rates", "rates_hz", type=Values(_range, "250:400,400:600"), default=(), help="Rates MIN:MAX in Hz.")
@click.option("--percentile", type=Values(float, "99,99.9"), default=(), help="Percentiles of the activations.")
@click.option(
    "--timesteps",
    type=int,
    default=DEFAULTS.timesteps,
    show_default=True,
    help="Steps per image; each readout before them is a point, too.",
)
@click.option("--steps", type=Values(int, "8,16"), default=(), help="Images shown for so few steps (needs training).")
@click.option("--recipe", type=Values(str, "stbp,tandem"), default=(), help="How spikes are trained.")
@click.option("--spiking-fine-tune", "spiking_batches", type=Values(int, "0,500"), default=(), help="Batches of that.")
@click.option("--fine-tune", "fine_tune_epochs", type=Values(int, "0,2"), default=(), help="Epochs of fine-tuning.")
@click.option("--seed", type=Values(int, "0,1,2"), default=(), help="Seeds of the conversion.")
@click.option("--board", type=Values(str, "auto,nahuku-8"), default=(), help="Boards, by name or JSON file.")
@click.option("--window", type=Values(float, "0.33,1"), default=(), help="Shares of the steps that are read out.")
@cluster_options
@memory
@waiting
@command
def main(
    model: Path,
    data: Path,
    held_out: Path | None,
    output: Path,
    images: int,
    count: int | None,
    draw_seed: int,
    timesteps: int,
    scheduler: str | None,
    workers: int | None,
    memory: int | None,
    wait: bool,
    **values: Any,
) -> None:
    """Convert MODEL by every combination of the values given, and compare accuracy, energy and chips.

    Values have commas between them. What is done already is not done again: give the same command to go on, or more
    values to add to the table.
    """
    from convert.errors import noting, tell
    from convert.opening import problems_before

    from .api import PAGE, sweep
    from .front import unbeaten
    from .rows import TABLE
    from .space import Space, grid, sample
    from .text import show_rows

    base, space = Options(timesteps=timesteps, memory=memory), Space(**values)
    problems = problems_before(model, [data] if held_out is None else [data, held_out], Options())
    with noting(problems):
        trials = grid(space, base) if count is None else sample(space, base, count, draw_seed)
    tell(problems)
    found = sweep(
        model,
        data,
        output,
        trials,
        held_out=held_out,
        images=images,
        scheduler=scheduler,
        workers=workers,
        wait=wait,
        progress=progress,
    )
    show_rows(f"Not beaten, of {len({row.key for row in found.rows})} trials:", "trial", unbeaten(found.rows))
    console.print(f"Wrote {output / TABLE} and {output / PAGE}.", soft_wrap=True)
