"""make-events."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import rich_click as click

from convert.console.terminal import Number, command, console, progress

from .motion import MotionName
from .options import LONGEST_S, PIXELS, WHOLE_NUMBERS, EventOptions, LabelKind

DEFAULTS = EventOptions()


@click.command(
    epilog="Example: make-events slices/ -o fence.npz --motion fence --crop 48 48 --recordings 500; the file says that "
    "its events are simulated, and so does all that reads it."
)
@click.argument("images", type=click.Path(path_type=Path))
@click.option("-o", "--output", "file", type=click.Path(path_type=Path), required=True, help="The .npz file to write.")
@click.option(
    "--motion",
    type=click.Choice(get_args(MotionName)),
    default=DEFAULTS.motion,
    show_default=True,
    help="Three saccades along a triangle, as N-MNIST's; the image moving to the right; or a fence that passes in "
    "front of the image, which is at rest.",
)
@click.option(
    "--duration",
    "duration_s",
    type=Number(1e-3, LONGEST_S),
    default=DEFAULTS.duration_s,
    metavar="SECONDS",
    show_default=True,
    help="Of a recording.",
)
@click.option(
    "--pixels",
    type=Number(0, min_open=True),
    help="How far it moves: in a saccade, or in all.  [default: "
    + ", ".join(f"{name} {far:g}" for name, far in PIXELS.items())
    + "]",
)
@click.option("--bar", type=Number(0, min_open=True), default=DEFAULTS.bar, show_default=True, help="Of the fence.")
@click.option("--gap", type=Number(0, min_open=True), default=DEFAULTS.gap, show_default=True, help="Between two bars.")
@click.option(
    "--threshold",
    type=Number(0, min_open=True),
    default=DEFAULTS.threshold,
    show_default=True,
    help="The change of a pixel's logarithm that is an event.",
)
@click.option(
    "--spread",
    type=Number(0),
    default=DEFAULTS.spread,
    show_default=True,
    help="By how much thresholds differ from pixel to pixel (standard deviation).",
)
@click.option(
    "--noise",
    "noise_hz",
    type=Number(0),
    default=DEFAULTS.noise_hz,
    metavar="HZ",
    show_default=True,
    help="Events of a pixel without a change.",
)
@click.option(
    "--label",
    type=click.Choice(get_args(LabelKind)),
    help="What a recording is labelled with: the class of its image, or the image.  [default: class; of a fence image]",
)
@click.option("--crop", type=(int, int), metavar="ROWS COLUMNS", help="Take parts of the images at random places.")
@click.option(
    "--recordings",
    type=click.IntRange(*WHOLE_NUMBERS["recordings"]),
    help="With --crop: so many parts, of the images in turn.  [default: one of each]",
)
@click.option("--seed", type=click.IntRange(*WHOLE_NUMBERS["seed"]), default=DEFAULTS.seed, show_default=True)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@command
def main(images: Path, file: Path, force: bool, **options: Any) -> None:
    """Simulate what a sensor of events would give for IMAGES (class folders, a .npz with x and y, or a folder).

    Each pixel tells when the logarithm of its intensity has changed by a threshold. The same seed gives the same file.
    """
    from .api import make_events

    made = make_events(images, file, EventOptions(**options), force=force, progress=progress)
    rows, columns = made.size
    console.print(
        f"Wrote {file}: {made.recordings:,} simulated recordings of {rows} x {columns} pixels, {made.events:,} events "
        f"({made.how}).",
        soft_wrap=True,
    )
