"""What is said of layers that do not convert: one sentence for each cause, with all layers that have it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LISTED = 5
"""Layers named in a sentence; the others are counted."""


@dataclass(frozen=True)
class Refusal:
    """Layer ``name`` of class ``kind`` does not convert: ``reason``, and the way out."""

    name: str
    kind: str
    reason: str


def sentences(refusals: Iterable[Refusal]) -> list[str]:
    """One sentence for each class and reason, in the order in which they come up."""
    names: dict[tuple[str, str], list[str]] = {}
    for refusal in refusals:
        found = names.setdefault((refusal.kind, refusal.reason), [])
        if refusal.name not in found:
            found.append(refusal.name)
    return [f"{_layers(found)} ({kind}): {reason}" for (kind, reason), found in names.items()]


def _layers(names: list[str]) -> str:
    quoted = [f"'{name}'" for name in names[:LISTED]]
    more = len(names) - LISTED
    if more > 0:
        return f"layers {', '.join(quoted)} and {more} more"
    return f"layer{'s' if len(names) > 1 else ''} {', '.join(quoted)}"
