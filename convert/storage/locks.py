"""Who is at work on a file or folder: locks that end with the process that holds them, however it ends."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from convert.errors import UserError

try:
    import fcntl
except ImportError:  # Windows has no such locks: nothing is kept apart there
    fcntl = None  # type: ignore[assignment]

POLL_S = 0.2
"""How often a command that waits looks again."""


@contextmanager
def locked(path: Path, *, shared: bool = False, wait: bool = False) -> Iterator[None]:
    """Holds the file or folder ``path`` while the block runs: ``shared`` with readers, or alone.

    Raises ``UserError`` if another command holds it, unless it is to ``wait`` for that one.
    """
    held = _held(path, shared, wait)
    try:
        yield
    finally:
        if held is not None:
            os.close(held)


def in_use(path: Path) -> bool:
    """Whether a command that still runs holds ``path``."""
    if fcntl is None:
        return False
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not _try(handle, shared=False)
    finally:
        os.close(handle)


def _held(path: Path, shared: bool, wait: bool) -> int | None:
    """The open lock; None where the file system has none."""
    if fcntl is None:
        return None
    while True:
        try:
            handle = os.open(path, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            return None  # whoever reads it says so
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror}; check its permissions") from error
        if _try(handle, shared):
            if _is_at(handle, path):
                return handle
            os.close(handle)  # replaced meanwhile
            continue
        os.close(handle)
        if not wait:
            raise UserError(f"{path} is in use by another command; let it end first, or add --wait")
        time.sleep(POLL_S)


def _try(handle: int, shared: bool) -> bool:
    """Locks ``handle`` if nobody holds it; so it does where the file system knows no locks."""
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # such as NFS, which locks no folders
        return True
    return True


def _is_at(handle: int, path: Path) -> bool:
    """Whether ``path`` still is the file that ``handle`` was opened on."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except OSError:
        return False
