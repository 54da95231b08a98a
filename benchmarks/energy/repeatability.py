"""What two measurements of the same rows, and a third one under load, say of each other: a table in Markdown.

python -m benchmarks.energy.processor MODEL TEST TRAIN TASK --out RESULT.json     # measures, then prints it
python -m benchmarks.energy.repeatability RESULT.json [...]                       # prints it again
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

AGREES, HOLDS = 0.10, 0.25
"""What two measurements on an idle machine, and one under load, may differ by."""

Rows = Mapping[str, Mapping[str, Any]]


def markdown(found: Mapping[str, Any]) -> str:
    """The table of what ``processor`` found, and how many rows keep to the limits."""
    return "\n".join(_lines(found))


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    busy = next(name for name in found if name.startswith("beside "))
    names = [name for name in found["first"] if name in found["second"] and name in found[busy]]  # best batches differ
    first, second, loaded = ({name: found[when][name] for name in names} for when in ("first", "second", busy))
    yield f"{found['model']} on {found['processor']}, CPU-ms for one inference; {found.get('finished', '')}\n"
    yield f"| | first | second | second / first | {busy} | / second | others' share then | says loaded |"
    yield "|---|---|---|---|---|---|---|---|"
    for name in names:
        yield _row(name, first[name], second[name], loaded[name])
    yield ""
    yield _verdict("second measurement within 10 % of the first", first, second, AGREES)
    yield _verdict(f"{busy} within 25 % of the second", second, loaded, HOLDS)
    marked = sum(_is_loaded(row) for row in loaded.values())
    yield f"{busy}: {marked} of {len(loaded)} rows say 'loaded'"
    others = [row["busy_others"] for rows in (first, second) for row in rows.values() if row["busy_others"] is not None]
    if others:
        yield f"first and second: other processes took {min(others):.0%} to {max(others):.0%} of all processors' time"


def _row(name: str, *measured: Mapping[str, Any]) -> str:
    first, second, loaded = (row["cpu_ms"] for row in measured)
    others = measured[2]["busy_others"]
    share = "not known" if others is None else f"{others:.0%}"
    says = "yes" if _is_loaded(measured[2]) else "no"
    changes = f"{second / first - 1:+.1%}", f"{loaded / second - 1:+.1%}"
    return f"| {name} | {first:.3g} | {second:.3g} | {changes[0]} | {loaded:.3g} | {changes[1]} | {share} | {says} |"


def _verdict(what: str, before: Rows, after: Rows, limit: float) -> str:
    changes = {name: after[name]["cpu_ms"] / before[name]["cpu_ms"] - 1 for name in before}
    outside = [f"{name} ({change:+.0%})" for name, change in changes.items() if abs(change) > limit]
    kept = f"{what}: {len(changes) - len(outside)} of {len(changes)} rows"
    return kept + (f"; not {', '.join(outside)}" if outside else "")


def _is_loaded(row: Mapping[str, Any]) -> bool:
    """Whether the report marks the row; older files have its share only."""
    from deploy.energy.load import LOADED_SHARE

    return bool(row.get("loaded", (row["busy_others"] or 0.0) > LOADED_SHARE))


if __name__ == "__main__":
    for path in sys.argv[1:]:
        print(markdown(json.loads(Path(path).read_text())), end="\n\n")
