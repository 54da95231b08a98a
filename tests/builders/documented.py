"""Runs what a page of the documentation shows, and holds what is printed against what it shows.

Blocks of ``python`` share their names; lines of ``bash`` are commands. The lines of a ``text`` block have to be printed
by the blocks since the one before, in this order, with any numbers in place of theirs; ``...`` stands for what is left
out.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import rich_click as click
from click.testing import CliRunner

from tests.builders.paths import ROOT
from website.commands import commands
from website.fences import Fence, fences, without_front_matter

OPTIONAL = "torch"
"""A package whose blocks are left out where it is not installed: the page says what else makes the same."""


class Session:
    """Pages run one after the other in the current folder, as a reader would."""

    def __init__(self) -> None:
        (Path.cwd() / "examples").symlink_to(ROOT / "examples")
        self._names: dict[str, Any] = {"__name__": "__main__"}
        self._printed: list[str] = []

    def run(self, page: Path) -> None:
        """Runs the blocks of ``page``; a block that fails, or prints something else, is an AssertionError."""
        self._printed = []
        for fence in fences(without_front_matter(page.read_text())):
            if fence.language == "python":
                self._python(fence, page)
            elif fence.language == "bash":
                for line in logical_lines(fence.text):
                    self._printed += self._command(line).splitlines()
            elif fence.language == "text":
                self._compare(fence, page)

    def _python(self, fence: Fence, page: Path) -> None:
        if f"import {OPTIONAL}\n" in fence.text and importlib.util.find_spec(OPTIONAL) is None:
            return
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("\n" * (fence.line - 1) + fence.text, page, "exec"), self._names)
        self._printed += printed.getvalue().splitlines()

    def _command(self, line: str) -> str:
        """What the command prints; one of ours runs in this process, which has loaded the libraries."""
        words, known = shlex.split(line), commands()
        if words[0] in known and not {"|", "||", "&&"} & set(words):
            result = CliRunner().invoke(known[words[0]], words[1:])
            assert result.exit_code == 0, f"{line}\n{result.output}{result.exception!r}"
            return result.output
        done = subprocess.run(["bash", "-euc", line], env=_environment(), capture_output=True, text=True)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _compare(self, fence: Fence, page: Path) -> None:
        printed = iter([alike(line) for line in self._printed])
        for shown in map(alike, fence.text.splitlines()):
            if shown and shown != "...":
                assert any(shown in line for line in printed), (
                    f"{page.name}: {shown!r} is shown, and not printed there:\n" + "\n".join(self._printed)
                )
        self._printed = []


def logical_lines(text: str) -> list[str]:
    """The commands of a block: lines that end in a backslash go on, comments and empty ones are left out."""
    lines = text.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def alike(line: str) -> str:
    """``line`` with # for each number, and single spaces."""
    return " ".join(re.sub(r"\d[\d,.]*", "#", line).split())


def problems_of(line: str, known: dict[str, click.Command]) -> list[str]:
    """What of a command line one of the ``known`` commands would not take; nothing of it is run.

    A line may end in an option that it only names, without the value.
    """
    words = shlex.split(line, comments=True)
    command = known[words[0]]
    words += ["VALUE"] * next((p.nargs for p in command.params if words[-1] in p.opts and not p.is_flag), 0)
    context = click.Context(command, info_name=words[0])
    try:
        values, _, _ = command.make_parser(context).parse_args(words[1:])
    except click.UsageError as error:
        return [f"{line}: {error.format_message()}"]
    choices = {p.name: p.type.choices for p in command.params if isinstance(p.type, click.Choice)}
    given = {name: value for name, value in values.items() if name in choices and isinstance(value, str)}
    return [
        f"{line}: {name} {value}"
        for name, value in given.items()
        if not value.isupper() and value not in choices[name]  # a word in capitals stands for a value
    ]


def _environment() -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
