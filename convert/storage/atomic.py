"""Files and folders that appear whole or not at all: written beside their place, then renamed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from convert.errors import UserError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block ends without an error."""
    with _parents(path):
        beside = _beside(path)
        try:
            yield beside
            with _writing(path):
                os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path, *, force: bool) -> Iterator[Path]:
    """A temporary folder beside ``path`` that takes its place when the block ends without an error.

    Raises ``UserError`` if ``path`` exists and ``force`` is false.
    """
    keep(path, force=force)
    with _parents(path):
        beside = _beside(path)
        beside.mkdir()
        try:
            yield beside
            with _writing(path):
                if path.exists():
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
                os.replace(beside, path)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def keep(path: Path, *, force: bool) -> None:
    """Raises ``UserError`` if ``path`` exists and ``force`` is false."""
    if path.exists() and not force:
        raise UserError(f"{path} exists already and is kept; choose another name or add --force to replace it")


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
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = "a file is in the way" if isinstance(error, FileExistsError) else error.strerror or error
        raise UserError(f"cannot write {path}: {reason}; choose a folder you may write to") from error


def _beside(path: Path) -> Path:
    """A free name beside ``path`` with the same suffix, in a folder that can be written."""
    with _writing(path):
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    os.unlink(name)
    return Path(name)
