"""What a search for a partition can be told; the only place of its choices and defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from .hardware import AUTO, Board

Objective = Literal["messages", "hops", "link"]
"""What is to be least: messages between chips, the weighted hops of these and of messages from the host, or messages
over the heaviest link of the board."""

OBJECTIVES: tuple[Objective, ...] = get_args(Objective)


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
        problems = []
        if self.chips is not None and self.chips < 1:
            problems.append(f"chips is {self.chips}; use at least 1")
        if not self.seconds > 0:
            problems.append(f"seconds is {self.seconds}; use more than 0")
        if self.seed < 0:
            problems.append(f"seed is {self.seed}; use 0 or more")
        if self.objective not in OBJECTIVES:
            problems.append(f"objective '{self.objective}' is not known; choose one of {', '.join(OBJECTIVES)}")
        return problems
