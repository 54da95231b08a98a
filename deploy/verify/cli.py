"""The command verify-model."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from convert.console.terminal import command, console, waiting


@click.command(epilog="Example: verify-model unet.bundle report.json --model unet.keras --data train/ --data test/")
@click.argument(
    "paths", metavar="BUNDLE... [REPORT...] [NET.nir...]", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--model", type=click.Path(path_type=Path), help="Compare with the model that was converted.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Compare with the data of the conversion or of a run; may be given several times.",
)
@waiting
@command
def main(paths: tuple[Path, ...], model: Path | None, data: tuple[Path, ...], wait: bool) -> None:
    """Recompute the SHA-256 of all files of BUNDLEs, REPORTs and exported NET.nir, and say what no longer belongs
    together.

    The exit code is 0 if everything does, and 2 with a sentence for each file that is missing, changed, or made from
    another one.
    """
    from .api import verify_files

    found = verify_files(paths, model=model, data=data, wait=wait)
    console.print(f"{len(found.files)} files belong together.")
