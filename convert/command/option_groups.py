"""The options of ``convert-model``, by subject."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import get_args

import rich_click as click

from convert.console.terminal import Number
from convert.frontends.nir.assumed import Assumed, Reset
from convert.options import (
    LIMITS,
    MOST_PRUNED,
    OF_SPIKES,
    ChosenMetric,
    MaxPooling,
    Options,
    SpikingRecipe,
    SurrogateName,
    Takes,
)

Command = Callable[..., None]
Decorator = Callable[[Command], Command]

DEFAULTS, AS_ASSUMED = Options(), Assumed()

_of_files = partial(click.option, panel="Files")

FILES: tuple[Decorator, ...] = (
    _of_files(
        "--data",
        type=click.Path(path_type=Path),
        help="Training data: a .npz with x and y, class folders, or image/label pairs.",
    ),
    _of_files("-o", "--output", "bundle", type=click.Path(path_type=Path), help="The bundle to write."),
    _of_files(
        "--check",
        is_flag=True,
        help="Only say what would convert, to how many neurons, cores and steps, or what stands against it: without "
        "data, in seconds.",
    ),
    _of_files("--json", "as_json", is_flag=True, help="With --check: print one JSON object."),
    _of_files("--force", is_flag=True, help="Replace an existing bundle."),
)

_of_model = partial(click.option, panel="The model")

MODEL: tuple[Decorator, ...] = (
    _of_model(
        "--max-pooling",
        type=click.Choice([*get_args(MaxPooling), OF_SPIKES]),
        help="What to put in place of max pooling; of spikes (.nir) it is exact, as their OR.",
    ),
    _of_model(
        "--measured-output",
        "output",
        metavar="NAME",
        help="The output to measure, of a model with several; else the first.",
    ),
    _of_model(
        "--host-from",
        metavar="LAYER",
        help="Only what comes before this layer goes on the chip; it and all that follows run on the host, in Keras.",
    ),
    _of_model(
        "--decoder",
        type=click.Path(),
        metavar="FILE",
        help="Another Keras model that the host runs on the output of MODEL.",
    ),
    _of_model(
        "--decoder-takes",
        type=click.Choice(get_args(Takes)),
        default=DEFAULTS.decoder_takes,
        show_default=True,
        help="With --decoder: what it is given, means over the window or these times its steps.",
    ),
    _of_model(
        "--metric",
        type=click.Choice(get_args(ChosenMetric)),
        help="What to measure; else what the labels can be: classes, or numbers that the model is to give.",
    ),
)

_of_calibration = partial(click.option, panel="Calibration")

CALIBRATION: tuple[Decorator, ...] = (
    _of_calibration(
        "--rates",
        type=(Number(1, 1000), Number(1, 1000)),
        default=DEFAULTS.rates_hz,
        metavar="MIN MAX",
        show_default=True,
        help="Rates in Hz at the percentile: MAX in the first layer on the chip, falling to MIN in the last.",
    ),
    _of_calibration(
        "--percentile",
        type=Number(50, 100),
        default=DEFAULTS.percentile,
        show_default=True,
        help="The percentile of a layer's activations that gets the largest rate.",
    ),
    _of_calibration(
        "--one-scale",
        is_flag=True,
        help="Give all layers the same scale, as a network has that was trained for its rates.",
    ),
    _of_calibration(
        "--timesteps",
        type=click.IntRange(*LIMITS["timesteps"]),
        default=DEFAULTS.timesteps,
        show_default=True,
        help="Steps per image, 1 ms each.",
    ),
    _of_calibration(
        "--vmin",
        type=Number(max=0),
        default=DEFAULTS.vmin,
        show_default=True,
        help="Floor of the membrane voltage, in thresholds.",
    ),
    _of_calibration(
        "--synapse",
        "synapse_s",
        type=Number(0, 0.1),
        help="Time constant of all synapses in seconds; by default only layers with large weights get one.",
    ),
    _of_calibration(
        "--relay",
        metavar="LAYER,...",
        help="Pass these layers' spikes on by relays near those that take them: fewer messages between chips, one step "
        "later.",
    ),
    _of_calibration(
        "--calibration-images",
        type=click.IntRange(*LIMITS["calibration_images"]),
        default=DEFAULTS.calibration_images,
        show_default=True,
        help="Training images that rates, weights and gains are fitted to; more take longer.",
    ),
)

_of_training = partial(click.option, panel="Training")

TRAINING: tuple[Decorator, ...] = (
    _of_training(
        "--fine-tune",
        type=click.IntRange(*LIMITS["fine_tune_epochs"]),
        default=DEFAULTS.fine_tune_epochs,
        metavar="EPOCHS",
        show_default=True,
        help="Train on with the percentile firing-rate loss for so many epochs.",
    ),
    _of_training(
        "--spiking-fine-tune",
        "spiking_batches",
        type=click.IntRange(*LIMITS["spiking_batches"]),
        default=DEFAULTS.spiking_batches,
        metavar="BATCHES",
        show_default=True,
        help="Then train the spiking network itself on so many batches (about 100; slow).",
    ),
    _of_training(
        "--steps",
        type=click.IntRange(*LIMITS["steps"]),
        help="Show each image for so many steps only: few spikes, with many batches of --spiking-fine-tune.",
    ),
    _of_training(
        "--recipe",
        type=click.Choice(get_args(SpikingRecipe)),
        help="How --spiking-fine-tune trains: by default stbp with --steps, which all but tandem need, and tandem "
        "without.",
    ),
    _of_training(
        "--surrogate",
        type=click.Choice(get_args(SurrogateName)),
        default=DEFAULTS.surrogate,
        show_default=True,
        help="With --recipe stbp or single-step: what stands for the derivative of a spike.",
    ),
    _of_training(
        "--spike-penalty",
        type=Number(0, 1000),
        default=DEFAULTS.spike_penalty,
        show_default=True,
        help="With --steps: what a million synaptic operations weigh beside the loss; 0.01 more than halves them.",
    ),
    _of_training(
        "--rate-loss",
        type=Number(0, 1000),
        default=DEFAULTS.rate_loss,
        show_default=True,
        help="With --steps: what a channel weighs whose rate at --percentile is above a spike every other step.",
    ),
    _of_training(
        "--prune",
        type=Number(0, MOST_PRUNED),
        default=DEFAULTS.prune,
        show_default=True,
        help="With --steps: leave this share of each kernel's weights out, the smallest; 0.5 halves operations.",
    ),
    _of_training(
        "--labels-weight",
        type=Number(0, 1000),
        default=DEFAULTS.labels_weight,
        show_default=True,
        help="With --steps: what classes weigh beside the Keras outputs, if the data has any; 0 leaves them out.",
    ),
    _of_training(
        "--start-from",
        type=click.Path(),
        metavar="BUNDLE",
        help="With --steps: start from the weights of this bundle of the same model, trained for so many or other "
        "steps.",
    ),
    _of_training(
        "--follow",
        is_flag=True,
        help="With --steps: clear each layer after an image, so that the next can come while it is on its way "
        "(deploy-model --continuous).",
    ),
    _of_training(
        "--augment/--no-augment",
        default=DEFAULTS.augment,
        show_default=True,
        help="Mirror, turn and shift training images, where their task allows it.",
    ),
    _of_training("--seed", type=click.IntRange(*LIMITS["seed"]), default=DEFAULTS.seed, show_default=True),
)

_of_choice = partial(click.option, panel="Chosen by accuracy or energy")

CHOICE: tuple[Decorator, ...] = (
    _of_choice(
        "--accuracy-loss",
        type=Number(0, 100),
        metavar="POINTS",
        help="Try several conversions and write the cheapest that loses at most so many points of 100 (of mse: per "
        "cent); with --spiking-fine-tune the trials are trained for few steps.",
    ),
    _of_choice(
        "--joules",
        type=Number(0, min_open=True),
        help="Try several conversions and write the best one that needs at most so many joules an inference "
        "(estimated), as 0.002; with --accuracy-loss the cheapest that keeps to both.",
    ),
    _of_choice(
        "--held-out",
        type=click.Path(path_type=Path),
        help="With --accuracy-loss or --joules: labelled data that nothing is trained on, to measure trials on; else "
        "it is training data.",
    ),
)

_of_nir = partial(click.option, panel="NIR files")

NIR: tuple[Decorator, ...] = (
    _of_nir(
        "--dt",
        type=Number(0, min_open=True),
        default=AS_ASSUMED.dt,
        metavar="TIME",
        show_default=True,
        help="NIR: the time of a step, in seconds; 1 for times in steps.",
    ),
    _of_nir(
        "--reset",
        type=click.Choice(get_args(Reset)),
        default=AS_ASSUMED.reset,
        show_default=True,
        help="NIR: what the network was made for; the chip resets to zero.",
    ),
    _of_nir(
        "--reference",
        type=click.Path(),
        help="NIR: another simulator's input and spikes to compare with, .npz or .csv.",
    ),
)


def with_options(*groups: tuple[Decorator, ...]) -> Decorator:
    """Adds the options of ``groups`` in this order."""

    def decorated(command: Command) -> Command:
        for group in reversed(groups):
            for option in reversed(group):
                command = option(command)
        return command

    return decorated
