"""The options of ``train-model``, by subject."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import get_args

import rich_click as click

from convert.console.terminal import Number
from convert.options import SurrogateName
from convert.spiking.train_options import MOST_LEAK, TRAIN_LIMITS, TrainOptions

from .option_groups import Decorator

USUAL = TrainOptions()

_of_files = partial(click.option, panel="Files")

FILES: tuple[Decorator, ...] = (
    _of_files(
        "--data",
        type=click.Path(path_type=Path),
        required=True,
        help="Recordings to learn from: a .npz of events, or class folders.",
    ),
    _of_files(
        "--held-out",
        type=click.Path(path_type=Path),
        help="Recordings that nothing is trained on, to measure on; else it is those of --data.",
    ),
    _of_files("-o", "--output", "bundle", type=click.Path(path_type=Path), required=True, help="The bundle to write."),
    _of_files("--force", is_flag=True, help="Replace an existing bundle."),
)

_of_time = partial(click.option, panel="Steps and neurons")

TIME: tuple[Decorator, ...] = (
    _of_time(
        "--steps",
        type=click.IntRange(*TRAIN_LIMITS["steps"]),
        default=USUAL.steps,
        show_default=True,
        help="Steps in which a recording is given.",
    ),
    _of_time(
        "--event-dt",
        "event_dt_s",
        type=Number(0, min_open=True),
        metavar="SECONDS",
        help="The time of a recording that a step holds.  [default: 0.001, a step of the chip]",
    ),
    _of_time(
        "--event-start",
        "event_start_s",
        type=Number(0),
        default=USUAL.event_start_s,
        metavar="SECONDS",
        help="Leave out so much after the first event.",
    ),
    _of_time(
        "--leak",
        type=Number(0, MOST_LEAK),
        default=USUAL.leak,
        show_default=True,
        help="The share of its voltage that a neuron loses in a step; rounded to the chip's 4096ths.",
    ),
    _of_time(
        "--vmin",
        type=Number(max=0),
        default=USUAL.vmin,
        show_default=True,
        help="Floor of the membrane voltage, in thresholds.",
    ),
)

_of_training = partial(click.option, panel="Training")

TRAINING: tuple[Decorator, ...] = (
    _of_training(
        "--epochs",
        type=click.IntRange(*TRAIN_LIMITS["epochs"]),
        default=USUAL.epochs,
        show_default=True,
        help="How often each recording is seen.",
    ),
    _of_training("--batch", type=click.IntRange(*TRAIN_LIMITS["batch"]), default=USUAL.batch, show_default=True),
    _of_training(
        "--learning-rate",
        type=Number(0, 1, min_open=True),
        default=USUAL.learning_rate,
        show_default=True,
        help="Relative to the size of each layer's weights; it rises at first, then falls as a cosine.",
    ),
    _of_training(
        "--surrogate",
        type=click.Choice(get_args(SurrogateName)),
        default=USUAL.surrogate,
        show_default=True,
        help="What stands for the derivative of a spike.",
    ),
    _of_training(
        "--spike-penalty",
        type=Number(0, 1000),
        default=USUAL.spike_penalty,
        show_default=True,
        help="What a million synaptic operations weigh beside the loss.",
    ),
    _of_training(
        "--shift",
        type=click.IntRange(*TRAIN_LIMITS["shift"]),
        default=USUAL.shift,
        metavar="PIXELS",
        show_default=True,
        help="Move recordings by up to so many pixels along rows and columns, differently each time.",
    ),
    _of_training(
        "--delay",
        type=click.IntRange(*TRAIN_LIMITS["delay"]),
        default=USUAL.delay,
        metavar="STEPS",
        show_default=True,
        help="Move them by up to so many steps in time.",
    ),
    _of_training(
        "--drop",
        type=Number(0, 0.99),
        default=USUAL.drop,
        metavar="SHARE",
        show_default=True,
        help="Leave out this share of the events, others each time.",
    ),
    _of_training("--seed", type=click.IntRange(*TRAIN_LIMITS["seed"]), default=USUAL.seed, show_default=True),
)
