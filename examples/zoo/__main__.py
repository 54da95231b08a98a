"""One network of the zoo through every command: ``python -m examples.zoo NAME --model FILE --data FOLDER -o OUT``."""

from __future__ import annotations

import shlex
from pathlib import Path
from tempfile import TemporaryDirectory

import rich_click as click

from benchmarks.models.attempt import run
from convert.console.terminal import command, console
from convert.errors import UserError

from .all import RECIPES
from .recipe import Given, Recipe
from .row import write_row
from .runner import PROGRAMS, perform
from .words import summary, wanted


@click.command(epilog="Example: python -m examples.zoo resnet8 --model pretrainedResnet.h5 --data cifar10 -o zoo")
@click.argument("name", required=False, type=click.Choice(tuple(RECIPES)))
@click.option("--model", type=click.Path(path_type=Path), help="A trained model, where the recipe takes one.")
@click.option("--data", type=click.Path(path_type=Path), help="The data that the recipe needs.")
@click.option(
    "-o", "--output", default=Path("zoo"), show_default=True, type=click.Path(path_type=Path), help="Where files go."
)
@click.option("--check", is_flag=True, help="Only say what would convert: without data, in seconds.")
@command
def main(name: str | None, model: Path | None, data: Path | None, output: Path, check: bool) -> None:
    """Make a network of the zoo, convert, partition and run it, report its energy; without NAME say which there are.

    What was done once is not done again: a command that was killed goes on.
    """
    if name is None:
        for recipe in RECIPES.values():
            console.print(*wanted(recipe), sep="\n", markup=False, soft_wrap=True)
        return
    recipe, given = RECIPES[name], Given(output, model, data)
    if check:
        _check(recipe, model)
        return
    row = perform(recipe, given, lambda line: console.print(line, markup=False, soft_wrap=True))
    write_row(output / recipe.name / "row.json", row)
    console.print(summary(row), markup=False, soft_wrap=True)


def _check(recipe: Recipe, model: Path | None) -> None:
    """What ``convert-model --check`` says of the file that is given, or of the architecture."""
    if model is None and recipe.architecture is None:
        raise UserError(f"{recipe.name} has no architecture of its own; give --model {recipe.takes_model}")
    with TemporaryDirectory() as folder:
        file = model or recipe.architecture(Path(folder) / recipe.name)  # type: ignore[misc]
        start = f"from {PROGRAMS['convert-model']} import main; main()"
        options = shlex.split(recipe.options.get("convert-model", ""))
        ended = run(("-c", start, str(file), "--check", *options), Path(folder) / "check.log")
    console.print(ended.output.rstrip(), markup=False, soft_wrap=True)
    if ended.code != 0:
        raise UserError(f"{recipe.name} would not convert; what stands against it is above")


if __name__ == "__main__":
    main()
