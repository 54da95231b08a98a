"""deploy-model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import rich_click as click

from convert.console.terminal import command, console, progress, table
from deploy.runs.knee import spread


@click.command(epilog="Example: deploy-model unet.bundle --data test/ --target emulator --images 4 --timesteps 64")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="Test data: a .npz with x and y, class folders, or image/label pairs.",
)
@click.option(
    "--target",
    type=click.Choice(["fast", "emulator", "nengo-dl", "loihi"]),
    default="fast",
    show_default=True,
    help="Our exact emulator, NengoLoihi's, float spikes in NengoDL, or the chip.",
)
@click.option("--images", type=click.IntRange(1), help="Only so many images, evenly drawn.  [default: all]")
@click.option("--skip", type=click.IntRange(0), default=0, show_default=True, help="Leave out the first images.")
@click.option("--timesteps", type=click.IntRange(8), help="Steps per image.  [default: the bundle's]")
@click.option(
    "--window",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.5,
    show_default=True,
    help="Share of the steps, the last ones, whose firing rates are read out.",
)
@click.option(
    "--every",
    type=click.IntRange(1),
    help="Steps between the checkpoints of accuracy and energy.  [default: 4, for segmentation 8]",
)
@click.option(
    "--early",
    type=float,
    help="Threshold at which an image is settled and stopped.  [default: chosen on every other image]",
)
@click.option("--continuous", is_flag=True, help="Keep the chip's state from image to image, as the hardware does.")
@click.option("--threads", type=click.IntRange(1), default=os.cpu_count() or 1, show_default=True)
@click.option("--name", help="Name of the run.  [default: the target]")
@click.option("--measure/--no-measure", default=True, help="Measure the Keras model's time and energy on this machine.")
@click.option("--force", is_flag=True, help="Replace an existing run.")
@command
def main(bundle: Path, data: Path, force: bool, **options: Any) -> None:
    """Run a partitioned BUNDLE on test data and write BUNDLE/runs/NAME.

    A run that was interrupted goes on where it stopped when the same command is given again.
    """
    from .api import RunOptions, run

    report = run(bundle, data, RunOptions(**options), force=force, progress=progress)
    metrics = report["metrics"]
    names = list(metrics["ann"])
    table(
        f"{report['images']} images on target {report['target']}, measured",
        ["network", "steps", *(name.replace("_", " ") for name in names)],
        [
            ["Keras as brought", "", *(f"{metrics['ann'][n]:.4f}" for n in names)],
            *(["spiking", r["timesteps"], *(f"{r[n]:.4f}" for n in names)] for r in spread(metrics["by_timestep"])),
        ],
    )
    if report["early"] and (stop := report["early"]["held_out"]):
        metric, others = report["early"]["metric"], stop["chosen_on"]
        source = f"chosen on {others} others" if others else "given"
        console.print(
            f"Stopped once settled (threshold {stop['threshold']:.4g}): {metric.replace('_', ' ')} {stop[metric]:.4f} "
            f"after {stop['timesteps']:.1f} steps in the mean, {stop['all_steps']:.4f} after all "
            f"({stop['images']} images; threshold {source}).",
            soft_wrap=True,
        )
    counts = ["spikes", "synops", "neuron_updates", "messages", "interchip_messages", "host_messages", "overflows"]
    table(
        f"per image, counted by target {report['target']}",
        ["event", "count"],
        [[name.replace("_", " "), _number(report[name])] for name in counts],
    )
    if report["seconds_per_image"] is not None:
        console.print(f"{report['seconds_per_image']:.3g} s per image (measured, this machine).")
    name = options["name"] or options["target"]
    console.print(f"Wrote {bundle / 'runs' / name}. Next: energy-report {bundle}", soft_wrap=True)


def _number(value: float | None) -> str:
    return "not counted" if value is None else f"{value:,.0f}"
