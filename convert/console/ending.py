"""How a command ends: what went wrong in one sentence for each problem, and the exit code that goes with it."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from convert.errors import UserError
from convert.left_out import told as told_of_left_out

MAPPED = ("failed to map segment", "cannot allocate memory", "cannot enable executable stack")
"""What the loader says of a library for which there is no room in memory."""


@dataclass(frozen=True)
class Ending:
    """``sentences`` for stderr and the exit code: 2 for what a user can put right, 1 for a fault of this program."""

    sentences: tuple[str, ...]
    code: int


def ending_of(error: Exception) -> Ending:
    """What a user is told of ``error``."""
    if isinstance(error, UserError):
        return Ending(error.problems, 2)
    if _without_memory(error):
        return Ending((f"out of memory ({_short(error)}); use smaller or fewer images, or a machine with more",), 2)
    if missing := told_of_left_out(error):
        return Ending((missing,), 2)
    if isinstance(error, OSError):
        return Ending((f"{_named(error)}: {error.strerror or error}; put that right and give the command again",), 2)
    told = "a fault of this program, not of yours; --debug shows where: please report it with that"
    return Ending((f"{_short(error)}: {told}",), 1)


def _without_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or _no_room(error) or _no_room_for_tensors(error)


def _no_room_for_tensors(error: Exception) -> bool:
    """Whether TensorFlow, which may not be loaded here, has not got its memory; oneDNN does not say why."""
    kinds = {kind.__name__ for kind in type(error).__mro__ if kind.__module__.startswith("tensorflow.")}
    return "ResourceExhaustedError" in kinds or ("AbortedError" in kinds and "could not create" in str(error))


def _no_room(error: Exception) -> bool:
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    return isinstance(error, (ImportError, OSError)) and any(text in str(error).lower() for text in MAPPED)


def _named(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT) and error.filename is None:
        return "cannot write"
    return "cannot read or write" + (f" {error.filename}" if error.filename is not None else "")


def _short(error: Exception) -> str:
    """The first line of what ``error`` says, and its kind."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:200]}" if text else type(error).__name__
