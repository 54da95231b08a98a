"""deploy-model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import rich_click as click

from convert.console.terminal import Number, command, console, memory, progress, table, waiting
from deploy.cluster.command import cluster_options
from deploy.runs.options import LIMITS, RunOptions
from deploy.targets.names import TargetName

if TYPE_CHECKING:
    from deploy.runs.report import RunReport

DEFAULTS = RunOptions()


@click.command(epilog="Example: deploy-model unet.bundle --data test/ --target emulator --images 4 --timesteps 64")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="Test data: a .npz with x and y, class folders, or image/label pairs; recordings for a network of events.",
)
@click.option(
    "--target",
    type=click.Choice(get_args(TargetName)),
    default=DEFAULTS.target,
    show_default=True,
    help="Our exact emulator, NengoLoihi's, float spikes in NengoDL, the chip, or the original model.",
)
@click.option(
    "--images", type=click.IntRange(*LIMITS["images"]), help="Only so many images, evenly drawn.  [default: all]"
)
@click.option(
    "--skip",
    type=click.IntRange(*LIMITS["skip"]),
    default=DEFAULTS.skip,
    show_default=True,
    help="Leave out the first images.",
)
@click.option(
    "--timesteps", type=click.IntRange(*LIMITS["timesteps"]), help="Steps per image.  [default: the bundle's]"
)
@click.option(
    "--window",
    type=Number(0, 1, min_open=True),
    help="Share of the steps, the last ones, whose firing rates are read out.  [default: a third, 16 steps at least; "
    "of events 1]",
)
@click.option(
    "--every",
    type=click.IntRange(*LIMITS["every"]),
    help="Steps between the readouts of accuracy and energy.  [default: 4, for segmentation 8]",
)
@click.option(
    "--early",
    type=Number(),
    help="Threshold at which an image is settled and stopped.  [default: chosen on every other image]",
)
@click.option(
    "--continuous",
    is_flag=True,
    help="Keep the chip's state from image to image, as the hardware does; image behind image where the bundle was "
    "converted with --follow.",
)
@click.option("--threads", type=click.IntRange(*LIMITS["threads"]), default=DEFAULTS.threads, show_default=True)
@click.option("--name", help="Name of the run.  [default: the target]")
@click.option(
    "--measure/--no-measure",
    default=DEFAULTS.measure,
    help="Measure the original's time and energy on this machine, in int8 and float32: a minute of both.",
)
@click.option(
    "--package-watts",
    type=Number(min=0, min_open=True),
    metavar="WATTS",
    help="Power of this machine's processors under load, where it cannot be measured.  [default: by their name]",
)
@click.option(
    "--event-dt",
    "event_dt_s",
    type=Number(0, min_open=True),
    metavar="SECONDS",
    help="Events: the time that a step holds.  [default: as long as a step of the network]",
)
@click.option(
    "--event-start",
    "event_start_s",
    type=Number(0),
    default=DEFAULTS.event_start_s,
    metavar="SECONDS",
    help="Events: leave out so much after the first one.",
)
@click.option(
    "--count-events",
    is_flag=True,
    help="Events: several of one pixel in one step are as many spikes, not one.",
)
@click.option(
    "--event-stream",
    is_flag=True,
    help="Events: all recordings one behind the other, cut into windows of --timesteps that are read out one by one; "
    "with --continuous the state stays from window to window.",
)
@cluster_options
@click.option("--force", is_flag=True, help="Replace an existing run.")
@memory
@waiting
@command
def main(bundle: Path, data: Path, force: bool, wait: bool, **options: Any) -> None:
    """Run a partitioned BUNDLE on test data and write BUNDLE/runs/NAME.

    A run that was interrupted goes on where it stopped when the same command is given again.
    """
    from convert.bundle import load_report

    from .api import run

    chosen = RunOptions(**options)
    report = run(bundle, data, chosen, force=force, wait=wait, progress=progress)
    _print_metrics(report, load_report(bundle).framework)
    if report.period is not None:
        console.print(f"Image behind image: one every {report.period} steps.")
    for line in _early_lines(report):
        console.print(line, markup=False)
    _print_events(report)
    if report.seconds_per_image is not None:
        console.print(f"{report.seconds_per_image:.3g} s per image (measured, this machine).")
    console.print(f"Wrote {bundle / 'runs' / chosen.run_name}. Next: energy-report {bundle}", soft_wrap=True)


def _print_metrics(report: RunReport, framework: str) -> None:
    from convert.data.metric_registry import METRICS, heading
    from deploy.report.words.si import counted
    from deploy.runs.knee import spread
    from deploy.runs.report import metric_names

    metrics = report.metrics
    names, rows = metric_names(metrics.snn), spread(metrics.by_timestep)
    grid = report.output_grid
    where = "" if grid is None or grid.is_whole else f"\n{grid}"
    original = metrics.ann or {}
    ann = (
        []
        if metrics.ann is None
        else [[f"{framework}, original", "", *(METRICS[n].text(original.get(n), 4) for n in names)]]
    )
    table(
        f"{counted(report.images, 'image')} on target {report.target}, measured"
        + ("" if report.labelled else " against the inputs themselves")
        + where,
        ["network", "steps", *(heading(name) for name in names)],
        [
            *ann,
            *(["spiking", row.timesteps, *(METRICS[n].text(row.value(n), 4) for n in names)] for row in rows),
        ],
    )
    if metrics.ann is None:
        console.print("There is no original to compare with: this bundle holds no model without spikes.")


def _early_lines(report: RunReport) -> Iterator[str]:
    if report.early is None or report.early.held_out is None:
        return
    from convert.data.metric_registry import METRICS
    from deploy.report.words.si import counted

    name, stop = report.early.metric, report.early.held_out
    metric = METRICS[name]
    source = f"chosen on {counted(stop.chosen_on, 'other')}" if stop.chosen_on else "given"
    yield (
        f"Stopped once settled (threshold {stop.threshold:.4g}): "
        f"{name.replace('_', ' ')} {metric.text(stop.value(name), 4)} "
        f"after {stop.timesteps:.1f} steps on average, {metric.text(stop.all_steps, 4)} after all "
        f"({counted(stop.images, 'image')}; threshold {source})."
    )


def _print_events(report: RunReport) -> None:
    counts = {
        "spikes": report.spikes,
        "synops": report.synops,
        "neuron updates": report.neuron_updates,
        "messages": report.messages,
        "interchip messages": report.interchip_messages,
        "host messages": report.host_messages,
        "overflows": report.overflows,
    }
    title = f"per image, counted by target {report.target}"
    table(title, ["event", "count"], [[name, _count(value)] for name, value in counts.items()])


def _count(value: float | None) -> str:
    return "not counted" if value is None else f"{value:,.0f}"
