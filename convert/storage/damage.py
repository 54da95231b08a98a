"""What readers of archives, arrays and texts raise for bytes that are not theirs."""

from __future__ import annotations

import lzma
import struct
import tokenize
import zipfile
import zlib

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
