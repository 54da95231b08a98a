"""Typed reports as JSON files: written whole, checked when they are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from convert.errors import UserError

from .atomic import whole_file
from .digests import LARGEST_REPORT_BYTES

T = TypeVar("T")

Upgrade = Callable[[object], object]
"""From what JSON of an older version holds to what it would hold now."""

LARGEST_BYTES = LARGEST_REPORT_BYTES
"""A report beyond this is none of ours: partition.json of 8,000 cores has 1 MB."""


def write_report(path: Path, report: msgspec.Struct) -> None:
    """Writes the file ``path``, whole or not at all."""
    with whole_file(path) as beside:
        beside.write_bytes(as_json(report))


def as_json(report: msgspec.Struct) -> bytes:
    """``report`` as indented JSON; numpy scalars and arrays become numbers and lists, NaN and infinity null."""
    return msgspec.json.format(msgspec.json.encode(report, enc_hook=_plain), indent=2) + b"\n"


def read_report(path: Path, kind: type[T], way_out: str, upgraded: Upgrade | None = None) -> T:
    """The report in the file ``path``, ``upgraded`` if it was written by an older version.

    Raises ``UserError``, which ends in ``way_out``, if it is no ``kind``.
    """
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"{path} is no file; {way_out}")
        if path.stat().st_size > LARGEST_BYTES:
            raise UserError(f"{path} has {path.stat().st_size:,} bytes, more than {LARGEST_BYTES:,}; {way_out}")
        if upgraded is not None:
            return msgspec.convert(upgraded(msgspec.json.decode(path.read_bytes())), kind)
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{path} is damaged ({error}); {way_out}") from error
    except OSError as error:
        raise UserError(f"cannot read {path} ({error.strerror or error}); {way_out}") from error


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
