"""One row of the zoo's table, as its JSON file holds it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from convert.data.metric_registry import MetricName
from convert.errors import UserError
from convert.timings import Machine

DEVICE = "Loihi (Davies 2018)"
"""Whose constants the joules are of."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed, without the files' folders, and what it took."""

    line: str
    seconds: float
    cpu_s: float
    memory_gib: float


class Joules(msgspec.Struct, frozen=True, kw_only=True):
    """Of one inference, estimated."""

    low: float
    nominal: float
    high: float


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """What so many steps bring, on exact integers; events are means of one inference, spikes those on the chip."""

    steps: int
    value: float
    spikes: float
    synops: float
    messages: float
    interchip_messages: float
    host_messages: float
    joules: Joules


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One network: ``tested`` inferences of ``data``, ``metric`` of the original (``ann``, None: there is none) and of
    its spikes at the fewest steps that are enough (``knee``) and after all."""

    name: str
    title: str
    source: str
    trained: str
    data: str
    remark: str | None
    model: str
    """SHA-256 of its file."""
    metric: MetricName
    tested: int
    ann: float | None
    knee: Point
    all_steps: Point
    neurons: int
    cores: int
    chips: int
    commands: dict[str, Command]
    date: str
    machine: Machine
    versions: dict[str, str]


def read_rows(folder: Path) -> dict[str, Row]:
    """All rows in ``folder`` by name. Raises ``UserError`` for files that hold none."""
    rows, problems = {}, []
    for file in sorted(folder.glob("*.json")):
        try:
            rows[file.stem] = msgspec.json.decode(file.read_bytes(), type=Row)
        except msgspec.DecodeError as error:
            problems.append(f"{file} holds no row of the zoo ({error}); delete it, and make the row again")
    if problems:
        raise UserError(problems)
    return rows


def write_row(file: Path, row: Row) -> None:
    """Writes ``row`` as indented JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(row), indent=2) + b"\n")
