"""The command energy-report."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import rich_click as click

from convert.console.terminal import Number, command, console, waiting
from deploy.energy.devices import STATIC_WATTS_PER_CHIP, DeviceSet


@click.command(epilog="Example: energy-report unet.bundle resnet.bundle -o report.html")
@click.argument("bundles", metavar="BUNDLE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    default=Path("report.html"),
    show_default=True,
    type=click.Path(path_type=Path),
    help="The page; report.csv and report.json of the same name are written beside it.",
)
@click.option(
    "--static-watts",
    default=STATIC_WATTS_PER_CHIP,
    show_default=True,
    type=Number(min=0),
    help="Static power of one Loihi chip in watts.",
)
@click.option(
    "--device",
    default="all",
    show_default=True,
    type=click.Choice(get_args(DeviceSet)),
    help="The published constants of Loihi to estimate with.",
)
@click.option(
    "--tolerance",
    type=Number(0, 100),
    metavar="POINTS",
    help="What fewer steps may cost, in points of 100, of mse in per cent.  "
    "[default: 1 of accuracy and AUC, 0.5 of pixel accuracy, 5 of mse]",
)
@click.option(
    "--devices",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Measurements of other devices to show beside the published ones: a JSON list of rows.",
)
@click.option("--force", is_flag=True, help="Replace an existing report.")
@waiting
@command
def main(
    bundles: tuple[Path, ...],
    output: Path,
    static_watts: float,
    device: DeviceSet,
    tolerance: float | None,
    devices: Path | None,
    force: bool,
    wait: bool,
) -> None:
    """Compare accuracy, activity, chips and energy of the runs of one or more BUNDLEs (or single BUNDLE/runs/NAME)."""
    from deploy.report.words.terminal import renderables

    from .api import SUFFIXES, compare_energy

    share = None if tolerance is None else tolerance / 100
    report = compare_energy(
        bundles,
        output,
        static_watts=static_watts,
        device=device,
        tolerance=share,
        devices=devices,
        force=force,
        wait=wait,
    )
    for part in renderables(report):
        console.print(part)
    names = ", ".join(str(output.with_suffix(suffix)) for suffix in SUFFIXES)
    console.print(f"Wrote {output}, {names}", markup=False, soft_wrap=True)
