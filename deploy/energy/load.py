"""How busy other processes keep this machine: /proc/stat less our own share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

STAT = Path("/proc/stat")
LOADED_SHARE = 0.1
"""Chosen: where others keep more of the processors busy than this, a measurement is marked."""

_BUSY = ("user", "nice", "system", "irq", "softirq", "steal")
_FIELDS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")


def watch_others(stat: Path = STAT) -> Callable[[], float | None]:
    """Starts to watch; the result tells the share of all processors' time since then that others took, 0 to 1.

    Others are other processes and, on a virtual machine, other machines on the same processor ("steal"). None where
    the system does not tell.
    """
    before, own_before = _ticks(stat), _own_ticks()

    def share() -> float | None:
        after = _ticks(stat)
        if before is None or after is None or (passed := sum(after.values()) - sum(before.values())) <= 0:
            return None
        busy = sum(after[name] - before[name] for name in _BUSY)
        return min(1.0, max(0.0, (busy - (_own_ticks() - own_before)) / passed))

    return share


def _ticks(stat: Path) -> dict[str, int] | None:
    """Of all processors since the machine started."""
    try:
        name, *numbers = stat.read_text().split("\n", 1)[0].split()
        return dict(zip(_FIELDS, map(int, numbers), strict=False)) if name == "cpu" else None
    except (OSError, ValueError):
        return None


def _own_ticks() -> float:
    times = os.times()
    return (times.user + times.system) * os.sysconf("SC_CLK_TCK")
