"""The one exception for what a user can put right."""

from __future__ import annotations

from collections.abc import Sequence


class UserError(Exception):
    """One sentence for each problem: what, how much, the limit and the way out. Commands print it and exit with 2."""

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))
