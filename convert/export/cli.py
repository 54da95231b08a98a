"""The command export-model."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from convert.console.terminal import Number, command, console, memory, waiting


@click.command(epilog="Example: export-model resnet.bundle -o resnet.nir")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The .nir file to write.")
@click.option(
    "--dt",
    type=Number(0, min_open=True),
    metavar="TIME",
    help="The time of a step in the file: 1 for times in steps (sinabs; IF of snnTorch), 1e-4 for LIF of snnTorch.  "
    "[default: seconds, as in the network]",
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@memory
@waiting
@command
def main(bundle: Path, output: Path, dt: float | None, force: bool, memory: int | None, wait: bool) -> None:
    """Write the network of a BUNDLE as a NIR file for other simulators: IF, LIF, CubaLIF, Conv2d, Affine.

    What NIR does not say is named and kept in the file's metadata, from which convert-model makes the same network.
    """
    from .api import ExportOptions, export_model

    done = export_model(bundle, output, ExportOptions(dt), memory=memory, force=force, wait=wait)
    for line in done.not_said:
        console.print(f"- {line}", soft_wrap=True, markup=False)
    kinds = ", ".join(f"{count} {kind}" for kind, count in done.nodes.items())
    console.print(f"Wrote {output}: {kinds}; {done.bytes / 1e6:.3g} MB.", soft_wrap=True, markup=False)
