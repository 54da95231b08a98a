"""A command in a process of its own, its peak of memory and its CPU time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

COMMANDS = {
    "convert-model": "deploy.convert_model",
    "partition-model": "partition.cli",
    "deploy-model": "deploy.cli",
}


@dataclass(frozen=True)
class Measured:
    """The largest resident memory and address space, seconds of CPU, and what was printed."""

    peak_bytes: int
    address_bytes: int
    cpu_s: float
    said: str


def measured(*command: str | Path | int) -> Measured:
    """Runs one of ``COMMANDS``, or a program; ends this one if it fails."""
    words = [str(word) for word in command]
    if words[0] in COMMANDS:
        code = f"from {COMMANDS[words[0]]} import main; main(prog_name={words[0]!r})"
        words = [sys.executable, "-c", code, *words[1:]]
    child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert child.stdout is not None
    seen = [0]
    watch = threading.Thread(target=_address_space, args=(child.pid, seen), daemon=True)
    watch.start()
    said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {child.returncode}: {said}")
    return Measured(usage.ru_maxrss * 1024, seen[0], usage.ru_utime + usage.ru_stime, said)


def _address_space(pid: int, seen: list[int]) -> None:
    """Keeps the largest address space of a process in ``seen``, as long as there is one."""
    with suppress(OSError):
        while found := re.search(r"VmPeak:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()):
            seen[0] = max(seen[0], 1024 * int(found[1]))
            time.sleep(0.05)
