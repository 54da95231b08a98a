"""search-model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from convert.console.terminal import Number, command, console, memory, progress, waiting
from deploy.cluster.command import cluster_options
from deploy.sweep.values import Values

from .plan import Plan
from .space import BLOCKS, POOLINGS, Space

DEFAULTS, USUAL = Plan(), Space()


def _listed(values: tuple[Any, ...]) -> str:
    return ",".join(map(str, values))


@click.command(
    epilog="Example: search-model --data train/ --held-out test/ -o search --candidates 40 --chips 1 --widths 8,16 "
    "--workers 4"
)
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Images of classes, to train on.")
@click.option("--held-out", type=click.Path(path_type=Path), help="Data to measure on.  [default: the training data]")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for table, page and winner."
)
@click.option("--images", type=click.IntRange(1), default=500, show_default=True, help="Measure on so many images.")
@click.option("--candidates", type=int, default=DEFAULTS.candidates, show_default=True, help="Score so many.")
@click.option("--population", type=int, default=DEFAULTS.population, show_default=True, help="So many a generation.")
@click.option(
    "--chips", type=int, default=DEFAULTS.chips, show_default=True, help="The most chips that a network may use."
)
@click.option("--board", help="A board, by name or JSON file.  [default: the smallest that is large enough]")
@click.option(
    "--energy-weight",
    type=Number(0),
    default=DEFAULTS.energy_weight,
    show_default=True,
    help="Fitness is accuracy / joules^WEIGHT.",
)
@click.option("--places", type=int, default=USUAL.places, show_default=True, help="Places for a block.")
@click.option("--blocks", type=Values(str, "conv3,skip5"), default=_listed(BLOCKS), show_default=True, help="Blocks.")
@click.option(
    "--widths", type=Values(int, "8,16"), default=_listed(USUAL.widths), show_default=True, help="First channels."
)
@click.option(
    "--reductions",
    type=Values(int, "2,3"),
    default=_listed(USUAL.reductions),
    show_default=True,
    help="How often rows and columns are halved.",
)
@click.option(
    "--pooling", type=Values(str, "average"), default=_listed(POOLINGS), show_default=True, help="How they are halved."
)
@click.option(
    "--shared-batches",
    type=int,
    default=DEFAULTS.shared_batches,
    show_default=True,
    help="Batches of the super-network, from which candidates inherit.",
)
@click.option(
    "--tune-batches", type=int, default=DEFAULTS.tune_batches, show_default=True, help="Batches of a candidate."
)
@click.option(
    "--winner-batches", type=int, default=DEFAULTS.winner_batches, show_default=True, help="Batches of the winner."
)
@click.option("--timesteps", type=int, default=64, show_default=True, help="Steps per image.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of all that is drawn and trained.")
@cluster_options
@memory
@waiting
@command
def main(
    data: Path,
    held_out: Path | None,
    output: Path,
    images: int,
    board: str | None,
    timesteps: int,
    scheduler: str | None,
    workers: int | None,
    memory: int | None,
    wait: bool,
    **given: Any,
) -> None:
    """Breed small spiking architectures by accuracy and energy, each scored on the chip's exact integers.

    All inherit their weights from one super-network; the winner is trained longer and deployed. What is done already is
    not done again: give the same command to go on, or more --candidates.
    """
    from convert.options import Options
    from deploy.sweep.front import unbeaten
    from deploy.sweep.text import show_rows

    from .api import PAGE, search
    from .rows import TABLE
    from .winner import BUNDLE

    space = Space(**{name: given.pop(name) for name in Space.__dataclass_fields__})
    found = search(
        data,
        output,
        space,
        Plan(**given),
        Options(timesteps=timesteps, memory=memory),
        held_out=held_out,
        images=images,
        board=board,
        scheduler=scheduler,
        workers=workers,
        wait=wait,
        progress=progress,
    )
    candidates = [row for row in found.rows if row.generation is not None]
    show_rows(
        f"Not beaten, of {len({row.key for row in candidates})} candidates; below the winner, trained longer:",
        "architecture",
        (*unbeaten(candidates), found.rows[-1]),
    )
    console.print(f"Wrote {output / TABLE}, {output / PAGE} and {output / BUNDLE}.", soft_wrap=True)
