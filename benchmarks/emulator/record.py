"""Measurements in a JSON file, written one by one: a script that is started again makes only those that are missing."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("numpy", "numba", "nengo", "nengo-loihi", "nengo-dl", "tensorflow")


class Record:
    """The file ``path``; measurements made with other ``options`` are started over."""

    def __init__(self, path: Path, options: dict[str, Any]) -> None:
        self.path = path
        self.content: dict[str, Any] = {"options": options, "machine": machine(), "measured": {}}
        if path.exists():
            found = json.loads(path.read_text())
            if found["options"] == json.loads(json.dumps(options)):
                self.content["measured"] = found["measured"]

    def measured(self, key: str, measure: Callable[[], Any]) -> Any:
        """What ``measure`` returns, or what it returned when it was last asked."""
        done = self.content["measured"]
        if key not in done:
            print(f"measuring: {key}", file=sys.stderr, flush=True)
            done[key] = json.loads(json.dumps(measure()))
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside = self.path.with_suffix(".part")
            beside.write_text(json.dumps(self.content, indent=1) + "\n")
            beside.replace(self.path)
        return done[key]


def options_of(parser: argparse.ArgumentParser, arguments: Sequence[str], path: Path) -> tuple[Any, Record]:
    """The parsed ``arguments`` and the record for them, the file ``path`` unless --out names another."""
    parser.add_argument("--out", type=Path, default=path, help="the JSON file to write or complete")
    options = parser.parse_args(arguments)
    kept = {key: getattr(value, "name", value) for key, value in vars(options).items() if key != "out"}
    return options, Record(options.out, kept)


def timed(action: Callable[[], Any], repeat: int = 1) -> tuple[dict[str, Any], Any]:
    """The median wall time of ``repeat`` calls, all of them, and how many cores it kept busy; and the last result."""
    walls, shares = [], []
    for _ in range(repeat):
        start, start_cpu = time.perf_counter(), time.process_time()
        result = action()
        walls.append(time.perf_counter() - start)
        shares.append((time.process_time() - start_cpu) / walls[-1])
    return {"s": statistics.median(walls), "all_s": walls, "cores_busy": statistics.median(shares)}, result


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def processor() -> str:
    """The processor's name and its widest vectors."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    lines = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    fields = {key.strip(): value.strip() for key, value in lines.items()}
    vectors = [name for name in ("avx512bw", "avx2") if name in fields.get("flags", "").split()]
    return " ".join([fields.get("model name", platform.machine()), *vectors[:1]])


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
