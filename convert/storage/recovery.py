"""What a killed command left where it was replacing files: found, put back, or removed and named."""

from __future__ import annotations

import logging
import os
import shutil
from contextlib import suppress
from pathlib import Path

from .locks import in_use

NOTES = logging.getLogger("ann2loihi")
"""What is done on the way that a user wants to know; the commands print it."""


def recover(*paths: Path) -> None:
    """Puts right what a command left that was killed while it replaced ``paths``, given in the order it replaces them.

    The last of them decides: unless it has been replaced, what lay at all of them is put back. Otherwise the old ones
    are removed, and what was half written in any case. Nothing is done while a command still writes one of them.
    """
    if any(in_use(sibling(path, what)) for path in paths for what in ("old", "new")):
        return
    undone = not os.path.lexists(paths[-1]) and left_behind(paths[-1])
    for path in paths:
        old, new = sibling(path, "old"), sibling(path, "new")
        if os.path.lexists(old) and (undone or not os.path.lexists(path)):
            _cleared(path)
            os.rename(old, path)
            NOTES.info("put %s back, which a command that was killed was about to replace", path)
        elif undone and path != paths[-1] and os.path.lexists(path) and not os.path.lexists(new):
            _cleared(path)
            NOTES.info(
                "removed %s, which belongs to %s, which a command that was killed did not write", path, paths[-1]
            )
        for left in (old, new):
            if _cleared(left):
                NOTES.info("removed %s, which a command left that was killed", left)


def recover_in(folder: Path) -> None:
    """``recover`` for everything in ``folder`` that a killed command was about to replace."""
    for old in sorted(folder.glob(".*.old*")):
        stem, suffix = old.name[1:].rsplit(".old", 1)
        path = folder / (stem + suffix)
        if sibling(path, "old") == old:
            recover(path)


def left_behind(*paths: Path) -> bool:
    """Whether there is anything beside ``paths`` that a command that writes them has not yet taken away."""
    return any(os.path.lexists(sibling(path, what)) for path in paths for what in ("old", "new"))


def being_replaced(path: Path) -> bool:
    """Whether there is nothing at ``path`` just now, because a command puts something new there."""
    return not os.path.lexists(path) and in_use(sibling(path, "old"))


def _cleared(path: Path) -> bool:
    """Removes ``path``, if it is there; somebody else may do so at the same time."""
    if not os.path.lexists(path):
        return False
    with suppress(FileNotFoundError):
        remove(path)
    return True


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sibling(path: Path, what: str) -> Path:
    """``.STEM.what.SUFFIX`` beside ``path``: the same suffix, for writers that go by it."""
    return path.with_name(f".{path.stem}.{what}{path.suffix}")
