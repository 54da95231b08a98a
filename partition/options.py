"""What a search for a partition can be told; the only place of its choices and defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from convert.options import out_of_range

from .hardware import AUTO, MOST_CHIPS, Board

Objective = Literal["messages", "hops", "link"]
"""What is to be least: messages between chips, the weighted hops of these and of messages from the host, or messages
over the heaviest link of the board."""

OBJECTIVES: tuple[Objective, ...] = get_args(Objective)

LIMITS = {"chips": (1, MOST_CHIPS), "seed": (0, 2**31 - 1)}
"""The least and the most of whole numbers."""


@dataclass(frozen=True)
class SearchOptions:
    """``board``: a board, its name, a JSON file or 'auto'; ``chips``: the most to use; ``seconds``: when to stop."""

    board: str | Board = AUTO
    chips: int | None = None
    objective: Objective = "messages"
    seed: int = 0
    seconds: float = 120.0

    def problems(self) -> list[str]:
        """What is wrong with them, one sentence for each."""
        problems = out_of_range({name: getattr(self, name) for name in LIMITS}, LIMITS)
        if not self.seconds > 0:
            problems.append(f"seconds is {self.seconds}; use more than 0")
        if self.objective not in OBJECTIVES:
            problems.append(f"objective '{self.objective}' is not known; choose one of {', '.join(OBJECTIVES)}")
        return problems
