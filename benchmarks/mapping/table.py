"""The table of all methods on all instances: messages per time step, the best known value and what is proved.

    python -m benchmarks.mapping.table [INSTANCE ...]

Results go to results/table.json as they come; started again, it makes only what is missing. A value that is better than
the best known one is kept in standings.json, with its partition in best/.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.emulator.record import Record, table

from .instance import Instance, names, read
from .methods import METHODS, Method
from .standings import standing, take_value
from .value import messages, violations

RESULTS = Path(__file__).parent / "results"


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instances", nargs="*", metavar="INSTANCE", default=[])
    options = parser.parse_args(arguments)
    record = Record(RESULTS / "table.json", {})
    rows = [row(read(name), record) for name in options.instances or names()]
    print(table(["instance", "limits", *METHODS, "best known", "proved", "gap"], rows))


def row(instance: Instance, record: Record) -> list[str]:
    name, limits = instance.facts.name, instance.facts.limits
    found = {
        method: record.measured(f"{name}, {method}", lambda made=made, method=method: measure(instance, method, made))
        for method, made in METHODS.items()
    }
    known = standing(name)
    assert known is not None, "a method found a partition, which is kept"
    chips = f"{limits.parts} x {limits.weight}"
    cores = f"{limits.weight:,} neurons, {limits.in_axons:,} axons" if limits.in_axons else chips
    proved = [f"{known.bound:,.0f}", f"{1 - known.bound / known.value:.1%}"] if known.bound else ["-", "-"]
    best = [f"{known.value:,.0f}", *proved]
    return [name, cores, *map(cell, found.values()), *best]


def measure(instance: Instance, name: str, method: Method) -> dict[str, Any]:
    """What a method gives, and the seconds of processor time that it took."""
    begin = time.process_time()
    part = method(instance)
    took = time.process_time() - begin
    if part is None:
        return {}
    if problems := violations(instance, part):
        return {"problems": problems}
    take_value(instance, part, name)
    return {"messages": messages(instance, part), "parts": len(set(part.tolist())), "cpu_s": took}


def cell(found: dict[str, Any]) -> str:
    if "problems" in found:
        return "not feasible"
    return f"{found['messages']:,.0f} ({found['parts']})" if found else "-"


if __name__ == "__main__":
    main(sys.argv[1:])
