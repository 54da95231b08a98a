"""convert-model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import rich_click as click

from convert.console.terminal import Number, command, console, progress, table
from convert.options import MaxPooling, Options

if TYPE_CHECKING:
    from .report import ConversionReport, LayerReport


DEFAULTS = Options()


@click.command(
    epilog="Example: convert-model unet.keras --data train/ -o unet.bundle --max-pooling average --fine-tune 5"
)
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="Training data: a .npz with x and y, class folders, or image/label pairs.",
)
@click.option("-o", "--output", "bundle", type=click.Path(path_type=Path), required=True, help="The bundle to write.")
@click.option(
    "--fine-tune",
    type=click.IntRange(0),
    default=DEFAULTS.fine_tune_epochs,
    metavar="EPOCHS",
    show_default=True,
    help="Train on with the percentile firing-rate loss for so many epochs.",
)
@click.option(
    "--spiking-fine-tune",
    "spiking_batches",
    type=click.IntRange(0),
    default=DEFAULTS.spiking_batches,
    metavar="BATCHES",
    show_default=True,
    help="Then train the spiking network itself on so many batches (about 100; slow).",
)
@click.option(
    "--percentile",
    type=Number(50, 100),
    default=DEFAULTS.percentile,
    show_default=True,
    help="The percentile of a layer's activations that gets the largest rate.",
)
@click.option(
    "--rates",
    type=(Number(1, 1000), Number(1, 1000)),
    default=DEFAULTS.rates_hz,
    metavar="MIN MAX",
    show_default=True,
    help="Rates in Hz at the percentile: MAX in the first layer on the chip, falling to MIN in the last.",
)
@click.option(
    "--one-scale", is_flag=True, help="Give all layers the same scale, as a network has that was trained for its rates."
)
@click.option("--max-pooling", type=click.Choice(get_args(MaxPooling)), help="What to put in place of max pooling.")
@click.option(
    "--measured-output",
    "output",
    metavar="NAME",
    help="The output to measure, of a model with several; else the first.",
)
@click.option(
    "--timesteps",
    type=click.IntRange(8),
    default=DEFAULTS.timesteps,
    show_default=True,
    help="Steps per image, 1 ms each.",
)
@click.option(
    "--synapse",
    "synapse_s",
    type=Number(0, 0.1),
    help="Time constant of all synapses in seconds; by default only layers with large weights get one.",
)
@click.option(
    "--vmin",
    type=Number(max=0),
    default=DEFAULTS.vmin,
    show_default=True,
    help="Floor of the membrane voltage, in thresholds.",
)
@click.option(
    "--calibration-images",
    type=click.IntRange(1),
    default=DEFAULTS.calibration_images,
    show_default=True,
    help="Training images that rates, weights and gains are fitted to; more take longer.",
)
@click.option("--seed", type=click.IntRange(0), default=DEFAULTS.seed, show_default=True)
@click.option("--force", is_flag=True, help="Replace an existing bundle.")
@command
def main(model: Path, data: Path, bundle: Path, force: bool, **options: Any) -> None:
    """Convert a trained Keras MODEL (.keras, .h5 or SavedModel) to a spiking network for Loihi.

    ReLU layers become populations, everything linear between two of them one projection; rates are scaled on the
    training data; weights and gains are then fitted, layer by layer, to what hard resets leave of them. Accuracies
    shown are measured.
    """
    from .api import convert
    from .errors import UserError

    low, high = options.pop("rates")
    if low > high:
        raise UserError(f"--rates {low:g} {high:g}: the smallest rate is above the largest; write --rates MIN MAX")
    chosen = Options(fine_tune_epochs=options.pop("fine_tune"), rates_hz=(low, high), **options)
    report = convert(model, data, bundle, chosen, force=force, progress=progress)
    _show(report, bundle)


def _show(report: ConversionReport, bundle: Path) -> None:
    on_chip = sum(layer.neurons for layer in report.layers if layer.on_chip)
    table(
        f"{report.model}: {len(report.layers)} populations, {on_chip:,} neurons on the chip",
        ["population", "from", "shape", "neurons", "mean Hz", "in range", "gain"],
        [_row(layer) for layer in report.layers],
    )
    names = list(report.metrics["ann"])
    grid = report.output_grid
    table(
        f"measured on {report.metrics_measured_on}" + ("" if grid is None or grid.is_whole else f"\n{grid}"),
        ["network", *(n.replace("_", " ") for n in names)],
        [[row.replace("_", " "), *(f"{m[n]:.4f}" for n in names)] for row, m in report.metrics.items()],
    )
    if (agreement := report.agreement) is not None:
        console.print(
            f"Rate network against Keras: largest difference {agreement.max_abs_error:.1e} (measured in NengoDL; "
            f"tolerated {agreement.tolerance:.1e}).",
            soft_wrap=True,
        )
    console.print(f"Wrote {bundle}. Next: partition-model {bundle}", soft_wrap=True)


def _row(layer: LayerReport) -> list[str]:
    smallest, largest = layer.gain
    return [
        layer.name + ("" if layer.on_chip else " (host)"),
        layer.kind,
        "x".join(map(str, layer.shape)),
        f"{layer.neurons:,}",
        f"{layer.mean_rate_hz:.1f}",
        "" if layer.share_in_range is None else f"{100 * layer.share_in_range:.2f} %",
        f"{smallest:.2f}-{largest:.2f}",
    ]
