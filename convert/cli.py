"""convert-model."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import rich_click as click
from click.core import ParameterSource

from convert.console.terminal import Number, command, console, memory, progress, table, waiting
from convert.options import LIMITS, ChosenMetric, MaxPooling, Options, SpikingRecipe

if TYPE_CHECKING:
    from .check.model import Fit
    from .report import ConversionReport, LayerReport


DEFAULTS = Options()


@click.command(
    epilog="Example: convert-model unet.keras --data train/ -o unet.bundle --max-pooling average --fine-tune 5; "
    "before, convert-model unet.keras --check says what comes of it."
)
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Training data: a .npz with x and y, class folders, or image/label pairs.",
)
@click.option("-o", "--output", "bundle", type=click.Path(path_type=Path), help="The bundle to write.")
@click.option(
    "--check",
    is_flag=True,
    help="Only say what would convert, to how many neurons, cores and steps, or what stands against it: without data, "
    "in seconds.",
)
@click.option("--json", "as_json", is_flag=True, help="With --check: print one JSON object.")
@click.option(
    "--fine-tune",
    type=click.IntRange(*LIMITS["fine_tune_epochs"]),
    default=DEFAULTS.fine_tune_epochs,
    metavar="EPOCHS",
    show_default=True,
    help="Train on with the percentile firing-rate loss for so many epochs.",
)
@click.option(
    "--spiking-fine-tune",
    "spiking_batches",
    type=click.IntRange(*LIMITS["spiking_batches"]),
    default=DEFAULTS.spiking_batches,
    metavar="BATCHES",
    show_default=True,
    help="Then train the spiking network itself on so many batches (about 100; slow).",
)
@click.option(
    "--steps",
    type=click.IntRange(*LIMITS["steps"]),
    help="Show each image for so many steps only: few spikes, with --recipe stbp and many batches of training.",
)
@click.option(
    "--recipe",
    type=click.Choice(get_args(SpikingRecipe)),
    default=DEFAULTS.recipe,
    show_default=True,
    help="How --spiking-fine-tune trains: rates through all steps, or the spikes of a few.",
)
@click.option(
    "--spike-penalty",
    type=Number(0, 1000),
    default=DEFAULTS.spike_penalty,
    show_default=True,
    help="With --steps: what a million synaptic operations weigh beside the loss; 0.01 more than halves them.",
)
@click.option(
    "--labels-weight",
    type=Number(0, 1000),
    default=DEFAULTS.labels_weight,
    show_default=True,
    help="With --steps: what classes weigh beside the Keras outputs, if the data has any; 0 leaves them out.",
)
@click.option(
    "--start-from",
    type=click.Path(),
    metavar="BUNDLE",
    help="With --steps: start from the weights of this bundle of the same model, trained for so many or other steps.",
)
@click.option(
    "--follow",
    is_flag=True,
    help="With --steps: clear each layer after an image, so that the next can come while it is on its way "
    "(deploy-model --continuous).",
)
@click.option(
    "--augment/--no-augment",
    default=DEFAULTS.augment,
    show_default=True,
    help="Mirror, turn and shift training images, where their task allows it.",
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
    "--metric",
    type=click.Choice(get_args(ChosenMetric)),
    help="What to measure; else what the labels can be: classes, or numbers that the model is to give.",
)
@click.option(
    "--timesteps",
    type=click.IntRange(*LIMITS["timesteps"]),
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
    type=click.IntRange(*LIMITS["calibration_images"]),
    default=DEFAULTS.calibration_images,
    show_default=True,
    help="Training images that rates, weights and gains are fitted to; more take longer.",
)
@click.option("--seed", type=click.IntRange(*LIMITS["seed"]), default=DEFAULTS.seed, show_default=True)
@click.option("--force", is_flag=True, help="Replace an existing bundle.")
@memory
@waiting
@command
@click.pass_context
def main(context: click.RichContext, /, model: Path, check: bool, as_json: bool, **options: Any) -> None:
    """Convert a trained Keras MODEL (.keras, .h5 or SavedModel) to a spiking network for Loihi.

    ReLU layers become populations, everything linear between two of them one projection; rates are scaled on the
    training data; weights and gains are then fitted, layer by layer, to what hard resets leave of them. Accuracies
    shown are measured.
    """
    from .errors import UserError

    data, bundle, force, wait = (options.pop(name) for name in ("data", "bundle", "force", "wait"))
    low, high = options.pop("rates")
    if low > high:
        raise UserError(f"--rates {low:g} {high:g}: the smallest rate is above the largest; write --rates MIN MAX")
    chosen = Options(fine_tune_epochs=options.pop("fine_tune"), rates_hz=(low, high), **options)
    if check:
        _refuse(context, NOT_IN_A_CHECK, "--check looks at the model alone, reads no data and writes nothing")
        _check(model, chosen, context.obj, as_json)
    elif as_json:
        raise UserError("--json is how --check prints; add --check, or leave it out: a bundle has conversion.json")
    elif missing := [name for name, value in (("--data", data), ("-o", bundle)) if value is None]:
        raise click.UsageError(
            f"Missing {' and '.join(missing)}: the training data and the bundle to write; --check needs neither.",
            context,
        )
    else:
        _convert(model, data, bundle, chosen, force, wait)


NOT_IN_A_CHECK = (
    "data",
    "bundle",
    "force",
    "wait",
    "metric",
    "fine_tune",
    "spiking_batches",
    "steps",
    "recipe",
    "spike_penalty",
    "labels_weight",
    "start_from",
    "follow",
    "augment",
    "percentile",
    "one_scale",
    "synapse_s",
    "vmin",
    "calibration_images",
    "seed",
    "memory",
)
"""Parameters that a check has no use for."""


def _refuse(context: click.Context, parameters: Collection[str], reason: str) -> None:
    """Raises ``UserError`` if any of ``parameters`` was written on the command line."""
    from .errors import UserError

    written = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name in parameters and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
    ]
    if written:
        raise UserError(f"{reason}; leave out {', '.join(written)}, or --check")


def _check(model: Path, options: Options, fit: Fit | None, as_json: bool) -> None:
    import msgspec

    from .check.model import check_model
    from .check.text import show
    from .errors import UserError

    report = check_model(model, options, fit=fit)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2))
    else:
        show(report)
    if report.problems:
        raise UserError(report.problems)


def _convert(model: Path, data: Path, bundle: Path, options: Options, force: bool, wait: bool) -> None:
    from .api import convert

    _show(convert(model, data, bundle, options, force=force, wait=wait, progress=progress), bundle)


def _show(report: ConversionReport, bundle: Path) -> None:
    from .data.metric_registry import METRICS, heading

    on_chip = sum(layer.neurons for layer in report.layers if layer.on_chip)
    table(
        f"{report.model}: {len(report.layers)} populations, {on_chip:,} neurons on the chip",
        ["population", "from", "shape", "neurons", "mean Hz", "% in range", "gain"],
        [_row(layer) for layer in report.layers],
    )
    if carried := report.carried_sums:
        console.print(
            f"{len(carried)} {'sum' if len(carried) == 1 else 'sums'} that no ReLU ends fire as pairs of populations: "
            f"{', '.join(carried)}. Foreseen: {100 * report.carried_sums_cost_share:.2g} % of the connections' cost.",
            soft_wrap=True,
        )
    known = [(name, metric) for name, metric in METRICS.items() if name in report.metrics["ann"]]
    grid = report.output_grid
    table(
        f"measured on {report.metrics_measured_on}" + ("" if grid is None or grid.is_whole else f"\n{grid}"),
        ["network", *(heading(name) for name, _ in known)],
        [[row.replace("_", " "), *(m.text(values[n], 4) for n, m in known)] for row, values in report.metrics.items()],
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
        "" if layer.share_in_range is None else f"{100 * layer.share_in_range:.2f}",
        f"{smallest:.2f}-{largest:.2f}",
    ]
