"""The command energy-report."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from convert.errors import UserError
from convert.terminal import command, console
from deploy.devices import DEVICES, STATIC_WATTS_PER_CHIP


@click.command(epilog="Example: energy-report unet.bundle resnet.bundle -o report.html")
@click.argument("bundles", metavar="BUNDLE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", default=Path("report.html"), show_default=True, type=click.Path(path_type=Path),
              help="The page; report.json of the same name is written beside it.")
@click.option("--static-watts", default=STATIC_WATTS_PER_CHIP, show_default=True, type=click.FloatRange(min=0),
              help="Static power of one Loihi chip in watts.")
@click.option("--device", default="all", show_default=True, type=click.Choice([*DEVICES, "all"]),
              help="The published constants of Loihi to estimate with.")
@click.option("--force", is_flag=True, help="Replace an existing report.")
@command
def main(bundles: tuple[Path, ...], output: Path, static_watts: float, device: str, force: bool) -> None:
    """Compare accuracy, activity, chips and energy of the runs of one or more BUNDLEs (or single BUNDLE/runs/NAME)."""
    if output.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"{output}: the report is an HTML page; choose a name that ends in .html")
    if output.is_dir():
        raise UserError(f"{output} is a folder; choose the name of a file")
    from convert.atomic import keep, whole_file, write_json

    from .html import html_report
    from .jsonreport import build_report
    from .read import read_runs
    from .text import renderables

    keep(output, force=force)
    runs = read_runs(bundles)
    report = build_report(runs, static_watts=static_watts, devices=device)
    page = html_report(report, runs)
    with whole_file(output) as beside:
        beside.write_text(page, encoding="utf-8")
    write_json(output.with_suffix(".json"), report)
    for part in renderables(report):
        console.print(part)
    console.print(f"Wrote {output} and {output.with_suffix('.json')}", soft_wrap=True)
