"""convert-model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from convert.command.option_groups import CALIBRATION, CHOICE, FILES, MODEL, NIR, TRAINING, with_options
from convert.console.terminal import command, memory, waiting


@click.command(
    epilog="Example: convert-model unet.keras --data train/ -o unet.bundle --max-pooling average --fine-tune 5; "
    "before, convert-model unet.keras --check says what comes of it."
)
@click.argument("model", type=click.Path(path_type=Path))
@with_options(FILES, MODEL, CALIBRATION, TRAINING, CHOICE, NIR)
@memory
@waiting
@command
@click.pass_context
def main(context: click.RichContext, /, model: Path, **given: Any) -> None:
    """Convert a trained MODEL of Keras (.keras, .h5, SavedModel) or ONNX, or a spiking .nir, to a network for Loihi.

    ReLU layers become populations, everything linear between two of them one projection; rates are scaled on the
    training data; weights and gains are then fitted, layer by layer, to what hard resets leave of them. Accuracies
    shown are measured.
    """
    if model.suffix.lower() == ".nir":
        from convert.command.nir_file import convert_nir_file

        convert_nir_file(context, model, given)
    else:
        from convert.command.keras_file import convert_keras_file

        convert_keras_file(context, model, given)
