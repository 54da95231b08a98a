"""What the commands share: how they end, their tables and their progress bars."""

from __future__ import annotations

import functools
import logging
import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import rich_click as click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from convert.memory.limits import require_address_space
from convert.memory.sizes import bytes_in
from convert.storage.recovery import NOTES

from .ending import ending_of

click.rich_click.TEXT_MARKUP = "markdown"
console = Console(highlight=False)
complaints = Console(stderr=True, highlight=False, soft_wrap=True)


class Number(click.FloatRange):
    """A number of an option: finite, and in a range if there is one."""

    name = "number"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> float:
        number = float(super().convert(value, parameter, context))
        if not math.isfinite(number):
            self.fail(f"{value} is not finite; give a number", parameter, context)
        return number


class Size(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """Bytes, as 4G or 512M."""

    name = "size"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> int:
        try:
            return value if isinstance(value, int) else bytes_in(value)
        except ValueError as error:
            self.fail(str(error), parameter, context)


memory = click.option(
    "--memory", type=Size(), help="Take at most so much memory, as 4G or 512M.  [default: what is free]"
)
"""The option that says what may be taken."""

waiting = click.option("--wait", is_flag=True, help="Wait for another command that uses the bundle.")
"""The option that says what to do about a lock."""


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Adds ``--debug``, and turns what goes wrong into sentences on stderr and an exit code (``ending``)."""

    @click.option("--debug", is_flag=True, help="Show the traceback of an error.")
    @functools.wraps(function)
    def wrapped(*args: Any, debug: bool, **kwargs: Any) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        _print_notes()
        _end_in_order()
        os.environ["MPLBACKEND"] = "agg"  # no command opens a window, whatever the environment says
        try:
            require_address_space()
            function(*args, **kwargs)
            if sys.stdout is not None:
                sys.stdout.flush()
        except (click.ClickException, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if debug:
                raise
            ending = ending_of(error)
            for sentence in ending.sentences:
                _complain(f"error: {sentence}")
            sys.exit(ending.code)

    return wrapped


class _Notes(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if said.startswith("foreseen:"):  # what a command is about to do is its output, no complaint
            console.print(said, markup=False, soft_wrap=True)
        else:
            _complain(f"note: {said}")


def _complain(sentence: str) -> None:
    """Prints on stderr, if there is one and it takes it; without memory for more the bare words."""
    with suppress(OSError):
        try:
            complaints.print(sentence, markup=False)
        except MemoryError:
            os.write(2, f"{sentence}\n".encode())


def _print_notes() -> None:
    """What is done on the way that a user wants to know goes to stderr."""
    if not any(isinstance(handler, _Notes) for handler in NOTES.handlers):
        NOTES.addHandler(_Notes())
        NOTES.setLevel(logging.INFO)
        NOTES.propagate = False


def _end_in_order() -> None:
    """A command that is told to end (SIGTERM) removes what it has half written, as at Ctrl-C."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Prints a short table; every column but the first is flush right. Names may wrap, numbers never."""
    console.print(title, style="bold")
    cells = [[str(cell) for cell in row] for row in rows]
    result = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    for i, column in enumerate(columns):
        whole = any(row[i][:1].isdigit() for row in cells)
        header = column.replace(" ", "\n")
        result.add_column(header, justify="right" if i else "left", no_wrap=whole, overflow="fold")
    for row in cells:
        result.add_row(*row)
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
