"""The command make-events."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import rich_click as click

from convert.console.terminal import Number, command, console, progress

from .motions import MotionName
from .options import LONGEST_MS, SensorOptions

DEFAULTS = SensorOptions()


@click.command(epilog="Example: make-events --data digits/ -o digits_events.npz --motion saccades")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Images, as convert-model reads them.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The .npz file to write.")
@click.option(
    "--motion",
    type=click.Choice(get_args(MotionName)),
    default=DEFAULTS.motion,
    show_default=True,
    help="Three saccades as N-MNIST's, a straight line, or along a fence of which more is hidden than seen.",
)
@click.option(
    "--milliseconds",
    type=click.IntRange(1, LONGEST_MS),
    default=DEFAULTS.milliseconds,
    show_default=True,
    help="Of a recording.",
)
@click.option(
    "--distance",
    type=Number(0, min_open=True),
    metavar="PIXELS",
    help="How far the image moves.  [default: 12, 25 or 6 % of its columns]",
)
@click.option(
    "--threshold",
    type=Number(0.01, 4),
    default=DEFAULTS.threshold,
    show_default=True,
    help="The change of the light's natural logarithm that a pixel tells.",
)
@click.option(
    "--mismatch",
    type=Number(0, 0.3),
    default=DEFAULTS.mismatch,
    show_default=True,
    help="How much pixels' thresholds differ, a standard deviation, as a share.",
)
@click.option("--images", type=click.IntRange(1), help="Only the first so many.")
@click.option("--seed", type=click.IntRange(0), default=DEFAULTS.seed, show_default=True, help="Of all that is random.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@command
def main(data: Path, output: Path, force: bool, **given: object) -> None:
    """Simulate what an event sensor would see of images that move before it; the file is labelled as simulated.

    deploy-model and convert-model --data read it like recordings of a sensor, and say that it is simulated.
    """
    from .api import make_events

    done = make_events(data, output, SensorOptions(**given), force=force, progress=progress)  # type: ignore[arg-type]
    left = f", {done.silent} images without any left out" if done.silent else ""
    kept = "" if done.classes else "; the labels are no classes: all are 0, and the images lie beside the events"
    console.print(
        f"Wrote {output}: {done.recordings} simulated recordings, {done.events / done.recordings:,.0f} events each"
        f"{left}{kept}.",
        soft_wrap=True,
        markup=False,
    )
