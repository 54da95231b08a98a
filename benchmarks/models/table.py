"""Published models through ``convert-model``, and the table of what came of them: docs/models.md.

``python -m benchmarks.models.table FOLDER [NAME ...]`` tries what FOLDER/attempts.jsonl does not have yet, one model at
a time, and writes the table; with NAMEs it tries those, again if need be.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from .all import RECIPES
from .attempt import Attempt, attempt
from .page import page

PAGE = Path("docs/models.md")


def main(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "attempts.jsonl"
    known = _read(file)
    for name in names or [name for name in RECIPES if name not in known]:
        found = attempt(RECIPES[name], folder / name)
        known[name] = found
        with file.open("a") as lines:
            lines.write(found.as_line())
        print(name, found.outcome, f"{found.seconds} s", *found.said, sep="\n  " if found.said else " ", flush=True)
    tried = [known[name] for name in RECIPES if name in known]
    PAGE.write_text(page(tried, [name for name in RECIPES if name not in known]))
    print(f"{PAGE}: {dict(Counter(a.outcome for a in known.values()))}")


def _read(file: Path) -> dict[str, Attempt]:
    """The last attempt at each model."""
    if not file.is_file():
        return {}
    found = [Attempt(**json.loads(line)) for line in file.read_text().splitlines()]
    return {a.name: a for a in found}


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
