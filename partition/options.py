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

LIMITS = {"chips": (1, MOST_CHIPS), "seed": (0, 2**31 - 1), "copies": (0, 127)}
"""The least and the most of whole numbers."""


@dataclass(frozen=True)
class SearchOptions:
    """``board``: a board, its name, a JSON file or 'auto'; ``chips``: the most to use; ``seconds``: when to stop.

    ``copies``: so many cores of each chip are kept for neurons that are computed twice.
    """

    board: str | Board = AUTO
    chips: int | None = None
    objective: Objective = "messages"
    seed: int = 0
    seconds: float = 120.0
    copies: int = 0

    def problems(self) -> list[str]:
        """What is wrong with them, one sentence for each."""
        problems = out_of_range({name: getattr(self, name) for name in LIMITS}, LIMITS)
        if not self.seconds > 0:
            problems.append(f"seconds is {self.seconds}; use more than 0")
        if self.objective not in OBJECTIVES:
            problems.append(f"objective '{self.objective}' is not known; choose one of {', '.join(OBJECTIVES)}")
        if self.copies and self.objective != "messages":
            problems.append(
                f"neurons are computed twice for fewer messages between chips, not for objective '{self.objective}'; "
                "leave out copies, or use objective messages"
            )
        if isinstance(self.board, Board) and self.copies >= self.board.chip.cores:
            problems.append(
                f"{self.copies} cores of each chip are to be kept for copies, board '{self.board.name}' has "
                f"{self.board.chip.cores}; keep fewer"
            )
        return problems
