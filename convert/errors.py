"""The one exception for what a user can put right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class UserError(Exception):
    """One sentence for each problem: what, how much, the limit and the way out. Commands print it and exit with 2."""

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


@contextmanager
def noting(problems: list[str]) -> Iterator[None]:
    """What the block raises as ``UserError`` is added to ``problems``, each sentence once: to be told with others."""
    try:
        yield
    except UserError as error:
        problems += [problem for problem in error.problems if problem not in problems]


def tell(problems: Sequence[str]) -> None:
    """Raises ``UserError`` with all ``problems``, if there are any."""
    if problems:
        raise UserError(problems)
