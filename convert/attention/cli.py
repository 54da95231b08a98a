"""freeze-attention."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from convert.console.terminal import command, console, table


@click.command(
    epilog="Example: freeze-attention senet.keras --data train/ -o frozen.keras; then convert-model as usual."
)
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="Training data: a .npz with x and y, class folders, or image/label pairs.",
)
@click.option(
    "-o", "--output", "file", type=click.Path(path_type=Path), required=True, help="The .keras file to write."
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@command
def main(model: Path, data: Path, file: Path, force: bool) -> None:
    """Fix the masks of attention in a Keras MODEL at their means over images, so that they fold into weights.

    Spikes are added, not multiplied: a mask that depends on the image cannot be on the chip, one that does not can.
    What is dropped is said.
    """
    from convert.data.metric_registry import METRICS, heading

    from .api import freeze_attention

    frozen = freeze_attention(model, data, file, force=force)
    for mask in frozen.masks:
        console.print(f"- {mask}", soft_wrap=True, markup=False)
    known = [(name, metric) for name, metric in METRICS.items() if name in frozen.before]
    rows = [
        [what, *(m.text(of[n], 4) for n, m in known)]
        for what, of in (("before", frozen.before), ("frozen", frozen.after))
    ]
    table(f"measured on {frozen.images} images of {data.name}", ["model", *(heading(name) for name, _ in known)], rows)
    console.print(f"Wrote {file}. Next: convert-model {file}", soft_wrap=True)
