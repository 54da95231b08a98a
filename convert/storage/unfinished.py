"""What is done of a piece of work that takes long, so that a command that was killed can go on.

It lies in ``.NAME.SIGNATURE.unfinished`` beside the NAME that the work is to have; the signature says what the work
depends on.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from convert.errors import UserError

from .locks import in_use, locked
from .recovery import NOTES


@contextmanager
def unfinished(target: Path, signature: str, *, what: str, wait: bool = False) -> Iterator[Path]:
    """The folder for what is done of ``target``, whose name and ``signature`` it has; ``what`` it is, for notes.

    When the block ends without an error it is removed, and with it those of the same name that nobody works on. Raises
    ``UserError`` where it cannot be written, and if another command is at it, unless it is to ``wait`` for that one.
    """
    folder = target.with_name(f".{target.name}.{signature[:16]}.unfinished")
    with _kept_unless_empty(folder, wait):
        yield folder
        shutil.rmtree(folder, ignore_errors=True)
    for other in target.parent.glob(f".{escape(target.name)}.*unfinished"):
        if not in_use(other):
            shutil.rmtree(other, ignore_errors=True)
            NOTES.info("removed %s, an unfinished %s of that name on other data or with other options", other, what)


@contextmanager
def _kept_unless_empty(folder: Path, wait: bool) -> Iterator[None]:
    """Makes and locks ``folder``; with nothing in it, it goes again, and so do the folders that were made for it.

    Only who holds the lock removes it. Who has waited for the lock may find it gone, and makes it again.
    """
    made: list[Path] = []
    while True:
        made += [parent for parent in folder.parents if not parent.exists()]
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot write {folder}: {error.strerror}; choose a bundle you may write to") from error
        with locked(folder, wait=wait):
            if not folder.exists():
                continue
            try:
                yield
            finally:
                with suppress(OSError):  # not empty
                    folder.rmdir()
                    for parent in made:
                        parent.rmdir()
            return
