"""convert-model."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, get_args

import rich_click as click
from click.core import ParameterSource

from convert.console.terminal import Number, command, memory, progress, waiting
from convert.options import LIMITS, ChosenMetric, MaxPooling, Options, Progress, SpikingRecipe, SurrogateName

if TYPE_CHECKING:
    from .check.model import Fit
    from .report import ConversionReport


DEFAULTS = Options()


class Asked(NamedTuple):
    """What a network is to be chosen by: points of 100 that it may lose, joules that it may need, and the images."""

    accuracy_loss: float | None
    joules: float | None
    held_out: Path | None


class Choose(Protocol):
    """Tries conversions and writes the one that does what was asked: ``deploy.choice``."""

    def __call__(
        self,
        model: Path,
        data: Path,
        bundle: Path,
        asked: Asked,
        options: Options,
        force: bool,
        wait: bool,
        progress: Progress,
    ) -> ConversionReport: ...


class Above(NamedTuple):
    """What the command needs of the packages above this one, handed to it where it is installed."""

    fit: Fit
    choose: Choose


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
    help="Show each image for so many steps only: few spikes, with many batches of --spiking-fine-tune.",
)
@click.option(
    "--recipe",
    type=click.Choice(get_args(SpikingRecipe)),
    help="How --spiking-fine-tune trains: by default stbp with --steps, which all but tandem need, and tandem without.",
)
@click.option(
    "--surrogate",
    type=click.Choice(get_args(SurrogateName)),
    default=DEFAULTS.surrogate,
    show_default=True,
    help="With --recipe stbp or single-step: what stands for the derivative of a spike.",
)
@click.option(
    "--spike-penalty",
    type=Number(0, 1000),
    default=DEFAULTS.spike_penalty,
    show_default=True,
    help="With --steps: what a million synaptic operations weigh beside the loss; 0.01 more than halves them.",
)
@click.option(
    "--rate-loss",
    type=Number(0, 1000),
    default=DEFAULTS.rate_loss,
    show_default=True,
    help="With --steps: what a channel weighs whose rate at --percentile is above a spike every other step.",
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
@click.option(
    "--accuracy-loss",
    type=Number(0, 100),
    metavar="POINTS",
    help="Try several conversions and write the cheapest that loses at most so many points of 100 (of mse: per cent); "
    "with --spiking-fine-tune the trials are trained for few steps.",
)
@click.option(
    "--joules",
    type=Number(0, min_open=True),
    help="Try several conversions and write the best one that needs at most so many joules an inference (estimated), "
    "as 0.002.",
)
@click.option(
    "--held-out",
    type=click.Path(path_type=Path),
    help="With --accuracy-loss or --joules: labelled data that nothing is trained on, to measure trials on; else it is "
    "training data.",
)
@click.option(
    "--dt",
    type=Number(0, min_open=True),
    default=0.001,
    metavar="TIME",
    show_default=True,
    help="NIR: the time of a step, in seconds; 1 for times in steps.",
)
@click.option(
    "--reset",
    type=click.Choice(("zero", "subtract")),
    default="zero",
    show_default=True,
    help="NIR: what the network was made for; the chip resets to zero.",
)
@click.option(
    "--reference",
    type=click.Path(),
    help="NIR: another simulator's input and spikes to compare with, .npz or .csv.",
)
@click.option("--seed", type=click.IntRange(*LIMITS["seed"]), default=DEFAULTS.seed, show_default=True)
@click.option("--force", is_flag=True, help="Replace an existing bundle.")
@memory
@waiting
@command
@click.pass_context
def main(context: click.RichContext, /, model: Path, check: bool, as_json: bool, **options: Any) -> None:
    """Convert a trained MODEL of Keras (.keras, .h5 or SavedModel), or a spiking one (.nir), to a network for Loihi.

    ReLU layers become populations, everything linear between two of them one projection; rates are scaled on the
    training data; weights and gains are then fitted, layer by layer, to what hard resets leave of them. Accuracies
    shown are measured.
    """
    from .errors import UserError

    data, bundle, force, wait = (options.pop(name) for name in ("data", "bundle", "force", "wait"))
    asked = Asked(*(options.pop(name) for name in Asked._fields))
    nir = {name: options.pop(name) for name in ONLY_FOR_NIR}
    if model.suffix.lower() == ".nir":
        kept = {parameter.name for parameter in context.command.params} - {*FOR_NIR, *ONLY_FOR_NIR}
        _refuse(context, {str(name) for name in kept}, "a .nir file is taken as it is, with its weights", "")
        nir |= {name: options[name] for name in ("timesteps", "calibration_images")}
        if context.get_parameter_source("vmin") is ParameterSource.COMMANDLINE:
            nir["vmin"] = options["vmin"]
        _convert_nir(context, model, data, bundle, nir, force, wait, check)
        return
    _refuse(context, ONLY_FOR_NIR, "these say how to take a .nir file", "")
    low, high = options.pop("rates")
    if low > high:
        raise UserError(f"--rates {low:g} {high:g}: the smallest rate is above the largest; write --rates MIN MAX")
    chosen = Options(fine_tune_epochs=options.pop("fine_tune"), rates_hz=(low, high), **options)
    if check:
        _refuse(context, NOT_IN_A_CHECK, "--check looks at the model alone, reads no data and writes nothing")
        _check(model, chosen, None if context.obj is None else context.obj.fit, as_json)
    elif as_json:
        raise UserError("--json is how --check prints; add --check, or leave it out: a bundle has conversion.json")
    elif missing := [name for name, value in (("--data", data), ("-o", bundle)) if value is None]:
        raise click.UsageError(
            f"Missing {' and '.join(missing)}: the training data and the bundle to write; --check needs neither.",
            context,
        )
    elif asked.accuracy_loss is None and asked.joules is None:
        if asked.held_out is not None:
            raise UserError("--held-out is what trials are measured on; add --accuracy-loss POINTS or --joules JOULES")
        _convert(model, data, bundle, chosen, force, wait)
    else:
        from .report_text import show

        above: Above = context.obj
        show(above.choose(model, data, bundle, asked, chosen, force, wait, progress), bundle)


NOT_IN_A_CHECK = (
    "data",
    "bundle",
    "force",
    "wait",
    "accuracy_loss",
    "joules",
    "held_out",
    "metric",
    "fine_tune",
    "spiking_batches",
    "steps",
    "recipe",
    "surrogate",
    "spike_penalty",
    "rate_loss",
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


ONLY_FOR_NIR = ("dt", "reset", "reference")
FOR_NIR = ("model", "data", "bundle", "timesteps", "vmin", "calibration_images", "force", "wait", "check")
"""Parameters that say how to take a .nir file, and those that it shares with models of Keras."""


def _refuse(context: click.Context, parameters: Collection[str], reason: str, otherwise: str = ", or --check") -> None:
    """Raises ``UserError`` if any of ``parameters`` was written on the command line."""
    from .errors import UserError

    written = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name in parameters and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
    ]
    if written:
        raise UserError(f"{reason}; leave out {', '.join(written)}{otherwise}")


def _check(model: Path, options: Options, fit: Fit | None, as_json: bool) -> None:
    import msgspec

    from .check.model import check_model
    from .check.text import show as show_check
    from .errors import UserError

    report = check_model(model, options, fit=fit)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2))
    else:
        show_check(report)
    if report.problems:
        raise UserError(report.problems)


def _convert_nir(
    context: click.Context,
    model: Path,
    data: Path | None,
    bundle: Path | None,
    given: dict[str, Any],
    force: bool,
    wait: bool,
    check: bool,
) -> None:
    from .spiking import NirOptions, convert_nir, read_nir

    if check:
        found = read_nir(model, data, NirOptions(**given))
        click.echo("\n".join([str(found.network), *(f"- {line}" for line in found.assumed)]))
        return
    if bundle is None:
        raise click.UsageError("Missing -o: the bundle to write; --check needs none.", context)
    from .report_text import show_nir

    show_nir(convert_nir(model, bundle, data, NirOptions(**given), force=force, wait=wait), bundle)


def _convert(model: Path, data: Path, bundle: Path, options: Options, force: bool, wait: bool) -> None:
    from .api import convert
    from .report_text import show

    show(convert(model, data, bundle, options, force=force, wait=wait, progress=progress), bundle)
