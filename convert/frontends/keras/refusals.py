"""What is said of layers that do not convert: one sentence for each cause, with all layers that have it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LISTED = 5
"""Layers named in a sentence; the others are counted. Of nodes, whose names nobody chose, all are named."""


@dataclass(frozen=True)
class Refusal:
    """Layer ``name`` of class ``kind`` does not convert: ``reason``, and the way out; ``called`` what it is."""

    name: str
    kind: str
    reason: str
    called: str = "layer"


def sentences(refusals: Iterable[Refusal]) -> list[str]:
    """One sentence for each class and reason, in the order in which they come up."""
    names: dict[tuple[str, str, str], list[str]] = {}
    for refusal in refusals:
        found = names.setdefault((refusal.called, refusal.kind, refusal.reason), [])
        if refusal.name not in found:
            found.append(refusal.name)
    return [f"{_named(called, found)} ({kind}): {reason}" for (called, kind, reason), found in names.items()]


def _named(called: str, names: list[str]) -> str:
    listed = LISTED if called == "layer" else len(names)
    quoted = [f"'{name}'" for name in names[:listed]]
    more = len(names) - listed
    if more > 0:
        return f"{called}s {', '.join(quoted)} and {more} more"
    return f"{called}{'s' if len(names) > 1 else ''} {', '.join(quoted)}"
