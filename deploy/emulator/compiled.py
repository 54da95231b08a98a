"""How the loops of the emulator are compiled, and when what was compiled is out of date."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])

COMPILED_IN = (
    "arguments.py",
    "careful.py",
    "compiled.py",
    "kernels.py",
    "lanes.py",
    "program.py",
    "widths.py",
)
"""The files whose functions and constants are compiled into the callers of other files too."""

SOURCES = zlib.crc32(b"".join(Path(__file__).with_name(name).read_bytes() for name in COMPILED_IN))


def compiled(function: Function) -> Function:
    """``function``, compiled by Numba at its first call and kept on disk, without the GIL.

    Numba's cache notices a change of the function's own file only; ``SOURCES`` in its name tells of the others.
    """
    function.__qualname__ += f"_{SOURCES:08x}"
    result: Function = njit(nogil=True, cache=True, error_model="numpy")(function)
    return result


def inlined(function: Function) -> Function:
    """``function``, which Numba puts into its callers: for what is called in one place of this file, in every step."""
    result: Function = njit(nogil=True, error_model="numpy", forceinline=True)(function)
    return result
