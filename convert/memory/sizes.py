"""Numbers of bytes as people write them."""

from __future__ import annotations

import re

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def bytes_in(text: str) -> int:
    """The bytes that ``text`` means: 4G, 512M, 1.5 GiB, 2e9. Raises ``ValueError`` for what is no size above zero."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d*)?(?:e\d{1,2})?)\s*([KMGT]?)(?:i?B)?\s*", text, re.IGNORECASE)
    if found is None or not (size := int(float(found[1]) * UNITS[found[2].upper()])):
        raise ValueError(f"'{text}' is no size of memory; write it as 4G or 512M")
    return size


def in_words(size: float) -> str:
    """'1.2 GiB', or '340 MiB' below a gibibyte."""
    if size < UNITS["G"]:
        return f"{max(1, round(size / UNITS['M']))} MiB"
    return f"{size / UNITS['G']:.3g} GiB"
