"""SHA-256 of files and folders by their contents: where they lie and when they were written does not matter."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from convert.errors import UserError

CHUNK_BYTES = 2**20
LARGEST_REPORT_BYTES = 2**27
TIMINGS = "timings"
"""The key of a report that no two runs share; a report's digest leaves it out."""


def digest(path: Path) -> str:
    """SHA-256, in hex, of what is at ``path``; what ``sha256sum`` prints of a file that is no report.

    Of a folder it is that of the lines "DIGEST  RELATIVE/NAME", in the order of the names, without hidden files; of a
    JSON object with ``timings`` that of the rest of it, its keys sorted, as ``json.dumps`` writes it. Raises
    ``UserError`` if it cannot be read.
    """
    try:
        if path.exists() and not path.is_dir() and not path.is_file():  # to open a named pipe would wait for ever
            raise UserError(f"{path} is no file; put the file there that belongs there")
        if path.is_dir():
            lines = [f"{_of_file(path / name)}  {name}\n" for name in sorted(_names(path))]
            return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()
        return _of_report(path) if path.suffix == ".json" else _of_file(path)
    except FileNotFoundError as error:
        raise UserError(f"{error.filename or path}: no such file or folder") from error
    except OSError as error:
        raise UserError(f"cannot read {error.filename or path}: {error.strerror}; check its permissions") from error


def _of_file(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            found.update(chunk)
    return found.hexdigest()


def _of_report(path: Path) -> str:
    """The digest without the timings; of all bytes where that is no object with timings, or too large for one."""
    if path.stat().st_size > LARGEST_REPORT_BYTES:
        return _of_file(path)
    content = path.read_bytes()
    try:
        report = json.loads(content)
    except (ValueError, RecursionError):
        report = None
    if isinstance(report, dict) and TIMINGS in report:
        del report[TIMINGS]
        content = json.dumps(report, sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()


def _names(folder: Path) -> Iterator[str]:
    """The files in ``folder``, relative to it, but for hidden ones."""
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith(".") and (Path(place) / name).is_file():
                yield (Path(place) / name).relative_to(folder).as_posix()


def digest_of_code(folders: Sequence[Path]) -> str:
    """SHA-256 of the Python files and templates in ``folders``, by the names of these."""
    found = hashlib.sha256()
    for folder in folders:
        for name in sorted(_names(folder)):
            if name.endswith((".py", ".html", ".css")):
                found.update(f"{_of_file(folder / name)}  {folder.name}/{name}\n".encode())
    return found.hexdigest()
