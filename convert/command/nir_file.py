"""``convert-model NET.nir``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from convert.errors import UserError
from convert.options import OF_SPIKES

from .refusal import refuse, written

ONLY_HERE = ("dt", "reset", "reference")
"""Parameters that say how to take a .nir file."""

SHARED = (
    "model",
    "data",
    "bundle",
    "timesteps",
    "vmin",
    "calibration_images",
    "force",
    "wait",
    "check",
    "max_pooling",
    "decoder",
    "decoder_takes",
)
"""Parameters that it shares with models of Keras."""


def convert_nir_file(context: click.Context, model: Path, given: dict[str, Any]) -> None:
    """Does what the command was asked to do with a .nir file. Raises ``UserError``."""
    from convert.spiking.api import convert_nir, read_nir
    from convert.spiking.options import NirOptions

    from .text import show_nir

    others = {str(p.name) for p in context.command.params} - {*SHARED, *ONLY_HERE}
    refuse(context, others, "a .nir file is taken as it is, with its weights")
    if given["max_pooling"] not in (None, OF_SPIKES):
        raise UserError(
            f"--max-pooling {given['max_pooling']} is for rates, and a .nir file pools spikes, whose OR is exact: "
            "leave it out"
        )
    optional = [name for name in ("vmin", "timesteps") if written(context, name)]
    names = [*ONLY_HERE, "calibration_images", "decoder", "decoder_takes", *optional]
    options = NirOptions(**{name: given[name] for name in names})
    data, bundle = given["data"], given["bundle"]
    if given["check"]:
        found = read_nir(model, data, options)
        click.echo("\n".join([str(found.network), *(f"- {line}" for line in found.assumed)]))
        return
    if bundle is None:
        raise click.UsageError("Missing -o: the bundle to write; --check needs none.", context)
    show_nir(convert_nir(model, bundle, data, options, force=given["force"], wait=given["wait"]), bundle)
