"""train-model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from convert.command.option_groups import with_options
from convert.command.train_options import FILES, TIME, TRAINING
from convert.console.terminal import command, progress, waiting


@click.command(
    epilog="Example: train-model cnn.keras --data train.npz --held-out test.npz --steps 30 --event-dt 0.01 --leak 0.1 "
    "--shift 2 -o cnn.bundle"
)
@click.argument("model", type=click.Path(path_type=Path))
@with_options(FILES, TIME, TRAINING)
@waiting
@command
def main(model: Path, data: Path, held_out: Path | None, bundle: Path, force: bool, wait: bool, **given: Any) -> None:
    """Train a spiking network from scratch on recordings of an event sensor; MODEL, of Keras, is its architecture.

    Each ReLU of MODEL is a layer of leaky neurons, the last layer is read out on the host from mean rates. Spikes are
    the chip's, with weights of eight bits, from the first batch on; the gradient goes back through every step by a
    surrogate (stbp). Once a minute a line says how it goes; a command that was killed goes on from there when it is
    given again. Next: partition-model.
    """
    from convert.command.text import show_training
    from convert.spiking.train import train
    from convert.spiking.train_options import TrainOptions

    options = TrainOptions(**given)
    report = train(model, data, bundle, options, held_out=held_out, force=force, wait=wait, progress=progress)
    show_training(report, bundle)
