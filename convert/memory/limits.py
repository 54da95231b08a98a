"""How much memory this process may take: what is free on the machine, what its group and its shell allow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from convert.errors import UserError

from .sizes import in_words

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")
UNLIMITED = 2**60
"""Limits from here on are none: the kernel writes 2^63 less a page."""

LEAST_ADDRESSES = 768 * 2**20
"""What numpy, scipy and Numba reserve on two cores, and some room: measured. With 500 MiB OpenBLAS waits for ever."""


@dataclass(frozen=True)
class Limit:
    """So many ``bytes`` the process may have, what it holds already included, and in words by whose word."""

    bytes: int
    source: str

    def __str__(self) -> str:
        return f"{in_words(self.bytes)} {self.source}"


def limit_of(asked: int | None = None) -> Limit | None:
    """The least of the limits, or what was ``asked`` for with --memory; None where no limit is known.

    A process whose address space is limited is not told here: see ``address_space``.
    """
    if asked is not None:
        return Limit(asked, "given with --memory")
    held = _held()
    limits = [Limit(free + held, source) for free, source in (*_of_machine(), *_of_groups())]
    return min(limits, key=lambda limit: limit.bytes, default=None)


def address_space() -> Limit | None:
    """The limit of this process's address space (ulimit -v), less what it takes already beyond its memory; None: none.

    Libraries and threads reserve addresses that they never use: see ``Foreseen.reserved``.
    """
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft < 0 or soft >= UNLIMITED else Limit(soft, "of address space (ulimit -v)")


def require_address_space(least: int = LEAST_ADDRESSES, of: str = "the libraries of this program") -> None:
    """Raises ``UserError`` where not even the libraries fit: they would end the process without a word, or wait."""
    limit = address_space()
    if limit is not None and limit.bytes < least:
        raise UserError(
            f"there are {limit}, and {of} alone take {in_words(least)}; use 'ulimit -v unlimited' and limit the memory "
            "with --memory instead"
        )


def _of_machine() -> Iterator[tuple[int, str]]:
    found = _number(PROC / "meminfo", r"MemAvailable:\s+(\d+) kB")
    if found is not None:
        yield 1024 * found, "free on this machine"


def _of_groups() -> Iterator[tuple[int, str]]:
    """Of the control groups that this process is in, and those around them, of either version."""
    for line in _text(PROC / "self" / "cgroup").splitlines():
        _, kinds, path = line.split(":", 2)
        if kinds and "memory" not in kinds.split(","):
            continue
        root, limit, used = (
            (CGROUPS / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes")
            if kinds
            else (CGROUPS, "memory.max", "memory.current")
        )
        within = Path(path.lstrip("/"))
        for folder in {root, *(root / part for part in (within, *within.parents))}:
            most, now = _number(folder / limit), _number(folder / used)
            if most is not None and now is not None and most < UNLIMITED:
                cached = _number(folder / "memory.stat", r"(?:total_)?inactive_file (\d+)") or 0
                yield max(0, most - now + cached), "free in this control group"


def _held() -> int:
    """The memory that this process has now."""
    found = _number(PROC / "self" / "status", r"VmRSS:\s+(\d+) kB")
    return 0 if found is None else 1024 * found


def _number(path: Path, pattern: str = r"^(\d+)\s*$") -> int | None:
    found = re.search(pattern, _text(path), re.MULTILINE)
    return None if found is None else int(found[1])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
