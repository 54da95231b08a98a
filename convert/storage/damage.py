"""What readers of archives, arrays and texts raise for bytes that are not theirs."""

from __future__ import annotations

import lzma
import struct
import tokenize
import zipfile
import zlib
from math import prod
from pathlib import Path

DAMAGED = (
    OSError,
    EOFError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    MemoryError,  # a size that was never true
    RuntimeError,  # an archive with a password, of an unknown version; nesting without end
    SyntaxError,
    tokenize.TokenError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)
"""Of zipfile, numpy, HDF5 and JSON. None of them tells of a fault of this program where bytes of a file are read."""

MOST_PACKED = 1100
"""A byte of a zip archive holds so many at most. Source: 1032, zlib's own words, and some."""


def too_little_memory(error: BaseException, path: Path) -> bool:
    """Whether ``error`` says that there is no room for what ``path`` really holds: for no more than it can hold."""
    if not isinstance(error, MemoryError):
        return False
    shape, dtype = getattr(error, "shape", None), getattr(error, "dtype", None)
    if shape is None or dtype is None:
        return True
    return prod(map(int, shape)) * int(dtype.itemsize) <= MOST_PACKED * path.stat().st_size
