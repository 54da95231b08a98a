"""What a command will take, told from sizes before the work begins, and whether there is so much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from convert.errors import UserError

from .limits import Limit, address_space, limit_of
from .sizes import UNITS, in_words


@dataclass(frozen=True)
class Foreseen:
    """The peak of memory and the CPU time of a command, estimated.

    ``parts`` names what takes the memory, in bytes; ``reserved`` are addresses beyond it that libraries and threads
    take and never use; ``source`` says what it is told from.
    """

    parts: dict[str, float]
    seconds: float
    reserved: int
    source: str

    @property
    def bytes(self) -> float:
        return sum(self.parts.values())

    def __str__(self) -> str:
        return f"about {in_words(self.bytes)}, about {_time(self.seconds)} of a core: estimated from {self.source}"

    def largest(self) -> str:
        """The part that takes the most, in words."""
        name, size = max(self.parts.items(), key=lambda part: part[1])
        return f"{in_words(size)} of it {name}"


def exceeded(foreseen: Foreseen, asked: int | None) -> Limit | None:
    """The limit that ``foreseen`` is beyond, None if there is enough; ``asked`` is that of --memory."""
    limit, addresses = limit_of(asked), address_space()
    if addresses is not None and foreseen.bytes + foreseen.reserved > addresses.bytes:
        return addresses
    return limit if limit is not None and foreseen.bytes > limit.bytes else None


def require_memory(foreseen: Foreseen, asked: int | None, ways_out: Sequence[str]) -> None:
    """Raises ``UserError`` if ``foreseen`` is more than there is, with ``ways_out`` and, where it can be, more."""
    limit = exceeded(foreseen, asked)
    if limit is None:
        return
    of_addresses = limit == address_space()
    needed = foreseen.bytes + (foreseen.reserved if of_addresses else 0)
    what = "address space" if of_addresses else "memory"
    more = ["allow more with ulimit -v"] if of_addresses else []
    if asked is not None and not of_addresses:
        more = [f"allow more with --memory {ceil(needed / UNITS['M'])}M"]
    raise UserError(
        f"about {in_words(needed)} of {what} are foreseen ({foreseen.largest()}), and there are {limit}; "
        f"{', or '.join([*ways_out, *more])}"
    )


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
