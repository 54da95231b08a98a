"""Files and folders that appear whole or not at all: written beside their place, then renamed.

What is written lies in ``.NAME.new`` and is locked by its writer; what it replaces lies in ``.NAME.old`` until the new
one is in its place. A command that was killed leaves them; the next one that writes there puts the old one back, or
removes both.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from convert.errors import UserError

from .locks import locked
from .recovery import NOTES, recover, remove, sibling

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""A disk or a quota is full, or a file may not grow so large."""

LONGEST_NAME = 240
"""Bytes of a file's name: file systems take 255, and ``.NAME.new`` needs a few."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block ends without an error."""
    with whole_files([path]) as (beside,):
        yield beside


@contextmanager
def whole_files(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """The same for several files, which are replaced together or not at all; the last one tells that all are there."""
    with ExitStack() as stack:
        for path in paths:
            stack.enter_context(_parents(path))
        recover(*paths)
        besides = [stack.enter_context(_new_file(path)) for path in paths]
        yield besides
        _replace_all(list(zip(besides, paths, strict=True)))


@contextmanager
def whole_folder(path: Path, *, force: bool, ours: Callable[[Path], bool] | None = None) -> Iterator[Path]:
    """A temporary folder beside ``path`` that takes its place when the block ends without an error.

    Raises ``UserError`` if ``path`` exists and ``force`` is false, or holds anything that is not ``ours``.
    """
    _require_short(path)
    recover(path)
    keep(path, force=force)
    _require_ours(path, ours)
    with _parents(path), _new_folder(path) as beside:
        yield beside
        keep(path, force=force)
        _require_ours(path, ours)
        _replace_all([(beside, path)])


def keep(path: Path, *, force: bool) -> None:
    """Raises ``UserError`` if ``path`` exists and ``force`` is false."""
    if os.path.lexists(path) and not force:
        raise UserError(f"{path} exists already and is kept; choose another name or add --force to replace it")


def keep_file(path: Path, *, force: bool) -> None:
    """The same for the name of a file: raises ``UserError`` for a folder, with ``force`` or not."""
    _require_file_name(path)
    keep(path, force=force)


def require_folder_name(path: Path) -> None:
    """Raises ``UserError`` if ``path`` is there and no folder."""
    if path.exists() and not path.is_dir():
        raise UserError(f"{path} is a file; choose the name of a folder")


def _require_file_name(path: Path) -> None:
    if path.is_dir():
        raise UserError(f"{path} is a folder; choose the name of a file")


def _require_short(path: Path) -> None:
    size = len(os.fsencode(path.name))
    if size > LONGEST_NAME:
        raise UserError(f"{path.name[:20]}...: a name of {size} bytes, more than {LONGEST_NAME}; choose a shorter one")


def _require_ours(path: Path, ours: Callable[[Path], bool] | None) -> None:
    if ours is None or not path.is_dir():
        return
    others = sorted(child.name for child in path.iterdir() if not ours(child))
    if others:
        some = ", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
        raise UserError(f"{path} holds files of yours ({some}) and is kept; move them or choose another name")


def _replace_all(moves: Sequence[tuple[Path, Path]]) -> None:
    """Renames each first path to the second; what is there moves aside first, and back if anything fails."""
    asides = [(sibling(path, "old"), path) for _, path in moves if os.path.lexists(path)]
    try:
        for aside, path in asides:
            with _writing(path):
                remove(aside)
                os.rename(path, aside)
        for beside, path in moves:
            with _writing(path):
                os.rename(beside, path)
    except BaseException:
        for beside, path in moves:
            if os.path.lexists(path) and not os.path.lexists(beside):
                os.rename(path, beside)
        for aside, path in asides:
            if os.path.lexists(aside) and not os.path.lexists(path):
                os.rename(aside, path)
        raise
    for aside, path in asides:
        try:
            remove(aside)
        except OSError as error:
            NOTES.info("%s is replaced; the old one is left at %s (%s)", path, aside, error.strerror)


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """An empty file beside ``path``, locked."""
    _require_short(path)
    _require_file_name(path)
    beside = sibling(path, "new")
    with _writing(path):
        _refuse_if_in_use(path, beside)
        beside.touch(exist_ok=False)
    try:
        with locked(beside), _writing(path, FULL):
            yield beside
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


@contextmanager
def _new_folder(path: Path) -> Iterator[Path]:
    """An empty folder beside ``path``, locked."""
    beside = sibling(path, "new")
    with _writing(path):
        _refuse_if_in_use(path, beside)
        beside.mkdir()
    try:
        with locked(beside), _writing(path, FULL):
            yield beside
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _refuse_if_in_use(path: Path, beside: Path) -> None:
    if os.path.lexists(beside):
        raise UserError(f"another command is writing {path}; let it end, or choose another name")


@contextmanager
def _parents(path: Path) -> Iterator[None]:
    """Makes the folders above ``path``; those that were made go again if the block ends with an error."""
    made = [folder for folder in path.parents if not folder.exists()]
    try:
        with _writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        raise


@contextmanager
def _writing(path: Path, kinds: frozenset[int] | None = None) -> Iterator[None]:
    """An ``OSError`` in the block, of ``kinds`` if given, becomes the sentence that ``path`` cannot be written."""
    try:
        yield
    except OSError as error:
        if kinds is not None and error.errno not in kinds:
            raise
        reason = "a file is in the way" if isinstance(error, FileExistsError) else error.strerror or error
        raise UserError(f"cannot write {path}: {reason}; choose a folder with room that you may write to") from error
