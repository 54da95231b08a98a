"""Every row that is not there yet, and docs/zoo.md: ``python -m examples.zoo.table OUT GIVEN.json [NAME ...]``.

GIVEN.json says what each recipe is given, as {"resnet8": {"model": "pretrainedResnet.h5", "data": "cifar10"}}; recipes
that need more are left out, and named. With NAMEs those rows are made, again if need be. Without arguments only the
page is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import rich_click as click

from convert.console.terminal import command, console
from convert.errors import UserError

from .all import RECIPES
from .page import page
from .recipe import Given
from .row import read_rows, write_row
from .runner import perform
from .words import summary

RESULTS = Path(__file__).with_name("results")
PAGE = Path(__file__).parents[2] / "docs" / "zoo.md"


def written() -> str:
    """The page, from the rows in ``RESULTS``."""
    return page(read_rows(RESULTS), RECIPES)


def given_in(file: Path, out: Path) -> dict[str, Given]:
    """What each recipe is given by ``file``; paths in it are relative to its folder."""
    try:
        found = msgspec.json.decode(file.read_bytes(), type=dict[str, dict[str, str]])
    except msgspec.DecodeError as error:
        way_out = '{"NAME": {"model": "FILE", "data": "FOLDER"}}'
        raise UserError(f"{file} does not say what recipes are given ({error}); write {way_out}") from error
    if unknown := sorted(set(found) - set(RECIPES)):
        raise UserError(f"{file} has {', '.join(unknown)}; the recipes are {', '.join(RECIPES)}")
    if odd := sorted({key for paths in found.values() for key in paths} - {"model", "data"}):
        raise UserError(f"{file} gives {', '.join(odd)}; a recipe takes model and data")
    return {
        name: Given(out, **{key: file.parent / path for key, path in found.get(name, {}).items()}) for name in RECIPES
    }


@click.command()
@click.argument("out", required=False, type=click.Path(path_type=Path))
@click.argument("given", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("names", nargs=-1, type=click.Choice(tuple(RECIPES)))
@command
def main(out: Path | None, given: Path | None, names: Sequence[str]) -> None:
    """Make every row of the zoo that is not there yet, and docs/zoo.md.

    GIVEN is a JSON file of what recipes are given, as {"resnet8": {"model": "pretrainedResnet.h5", "data": "cifar10"}}.
    """
    if out is not None:
        if given is None:
            raise UserError("what the recipes are given is missing; write a JSON file as --help shows it")
        _make(given_in(given, out), names)
    PAGE.write_text(written(), encoding="utf-8")
    console.print(f"{PAGE.name}: {len(read_rows(RESULTS))} of {len(RECIPES)} rows", markup=False)


def _make(given: dict[str, Given], names: Sequence[str]) -> None:
    there = read_rows(RESULTS)
    for name in names or [name for name in RECIPES if name not in there]:
        recipe = RECIPES[name]
        if problems := recipe.problems(given[name]):
            console.print(*problems, sep="\n", markup=False, soft_wrap=True)
            continue
        row = perform(recipe, given[name], lambda line: console.print(line, markup=False, soft_wrap=True))
        write_row(RESULTS / f"{name}.json", row)
        console.print(summary(row), markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
