"""What the four commands share: how they end, their tables and their progress bars."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import rich_click as click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from convert.errors import UserError

click.rich_click.TEXT_MARKUP = "markdown"
console = Console(highlight=False)
complaints = Console(stderr=True, highlight=False, soft_wrap=True)


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Adds ``--debug`` and turns a ``UserError`` into its sentences on stderr and exit code 2."""

    @click.option("--debug", is_flag=True, help="Show the traceback of an error.")
    @functools.wraps(function)
    def wrapped(*args: Any, debug: bool, **kwargs: Any) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        try:
            function(*args, **kwargs)
        except UserError as error:
            if debug:
                raise
            for problem in error.problems:
                complaints.print(f"error: {problem}", markup=False)
            sys.exit(2)

    return wrapped


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Prints a short table; every column but the first is flush right."""
    console.print(title, style="bold")
    result = Table()
    for i, column in enumerate(columns):
        result.add_column(column, justify="right" if i else "left", no_wrap=i == 0)
    for row in rows:
        result.add_row(*(str(cell) for cell in row))
    console.print(result)


@contextmanager
def progress(description: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr, if that is a terminal; the block is given a function that moves it by some steps."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=complaints, transient=True, disable=not complaints.is_terminal) as bar:
        task = bar.add_task(description, total=total)
        yield lambda steps: bar.advance(task, steps)
