"""Numbers with a prefix and their unit, ranges and counts, and the tables of the terminal that they stand in."""

from __future__ import annotations

from rich import box
from rich.table import Table

PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))


def si(value: float | None, unit: str = "") -> str:
    """``value`` with three digits and a prefix: 0.00123 J is '1.23 mJ'; None is a dash."""
    if value is None:
        return "–"
    scale, prefix = next((p for p in PREFIXES if abs(value) >= p[0] * 0.9995), PREFIXES[-1] if value else (1.0, ""))
    number = value / scale
    digits = 0 if abs(number) >= 99.95 or value == 0 else 1 if abs(number) >= 9.995 else 2
    return f"{number:.{digits}f} {prefix}{unit}".strip()


def range_text(low: float, high: float, unit: str) -> str:
    """'19.3–42.9 mJ', or both with their units where these differ."""
    first, last = si(low, unit), si(high, unit)
    same = first.split()[-1] == last.split()[-1]
    return f"{first.split()[0] if same else first}–{last}"


def counted(number: float, noun: str) -> str:
    """'1 chip', '2 chips', '1,920 cores'."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def times(ratio: float) -> str:
    """A ratio in two digits: '5.3', '2.0', '0.38', '120'."""
    return f"{ratio:#.2g}" if ratio < 9.95 else f"{float(f'{ratio:.2g}'):,.0f}"


def table_of(title: str) -> Table:
    """An empty table under ``title``."""
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
