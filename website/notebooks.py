"""Notebooks from the tutorials: text as it is, blocks of Python and bash as cells."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import jupytext

from website.fences import without_front_matter

SHOWN = re.compile(r"^```text\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
"""What a tutorial shows of a cell's output; a notebook makes it itself."""


def notebook(tutorial: str) -> str:
    """The notebook of a tutorial as JSON; the same text gives the same bytes."""
    text = SHOWN.sub("", without_front_matter(tutorial))
    made = jupytext.reads(text, fmt="md")
    made.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    for number, cell in enumerate(made.cells):
        cell["id"] = f"cell-{number}"
    return str(jupytext.writes(made, fmt="ipynb"))


def main(folder: Path, tutorials: list[Path]) -> None:
    """Writes a notebook into ``folder`` for each tutorial."""
    folder.mkdir(parents=True, exist_ok=True)
    for tutorial in tutorials:
        (folder / f"{tutorial.stem}.ipynb").write_text(notebook(tutorial.read_text()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
