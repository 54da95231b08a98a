"""How long a command took, when and on what machine: what two runs of it do not share."""

from __future__ import annotations

import os
import platform
from datetime import datetime, timezone
from pathlib import Path
from time import monotonic

import msgspec


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What a command ran on."""

    processor: str
    logical_processors: int
    system: str


class Timings(msgspec.Struct, frozen=True, kw_only=True):
    """The block ``timings`` of a report; everything else in it is the same for the same files, seed and versions."""

    machine: Machine
    finished: str
    """The date and time, UTC."""
    seconds: float
    """Of the whole command, the reading of files included."""


def timings_since(begin_s: float) -> Timings:
    """The timings of what began at ``begin_s`` of the monotonic clock and ends now."""
    return Timings(machine=this_machine(), finished=now(), seconds=round(monotonic() - begin_s, 3))


def this_machine() -> Machine:
    """What this process runs on."""
    return Machine(
        processor=processor_name(),
        logical_processors=logical_processors(),
        system=f"{platform.system()} {platform.machine()}",
    )


def now() -> str:
    """The date and time, UTC, to the second."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def logical_processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor_name() -> str:
    """What the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
