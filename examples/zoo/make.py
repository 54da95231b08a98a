"""What comes before the commands, in a process of its own: ``python -m examples.zoo.make NAME OUT MODEL DATA``.

Writes OUT/NAME/files.json: the model and the data that the commands are given. MODEL and DATA may be empty.
"""

from __future__ import annotations

import sys
from pathlib import Path

from convert.errors import UserError

from .all import RECIPES
from .recipe import Given


def main(name: str, out: str, model: str, data: str) -> None:
    folder = Path(out) / name
    given = Given(folder, Path(model) if model else None, Path(data) if data else None)
    try:
        files = RECIPES[name].prepare(given)
    except UserError as error:
        sys.exit("\n".join(f"error: {problem}" for problem in error.problems))
    files.save(folder / "files.json")


if __name__ == "__main__":
    main(*sys.argv[1:])
