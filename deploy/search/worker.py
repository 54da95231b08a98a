"""What a worker does of a search: it unpacks super-network and data, and scores candidates."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.sweep.worker import Packed, unpacked

from .candidate import Candidate, How, candidate_rows
from .rows import SearchRow


@dataclass(frozen=True)
class Content:
    """What all candidates need: ``packed`` has the super-network in a model's place."""

    packed: Packed
    how: How


def rows_sent(content: Content, candidate: Candidate) -> list[SearchRow]:
    """The rows of ``candidate``. Raises ``UserError`` for a worker of other versions."""
    with unpacked(content.packed) as (folder, given):
        return candidate_rows(candidate, content.how, given, folder / "candidate", content.packed.source)
