"""Functions compiled by Numba at their first call, kept on disk until a file that is compiled into them changes."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

import numba

Result = TypeVar("Result")

COMPILED_IN = ("traffic/unicast.py", "place/exchanges.py", "board/exchange.py")
"""The files whose functions, constants and types are compiled into the functions of other files too."""


def compiled(
    *, nogil: bool = False, parallel: bool = False
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """A decorator that compiles a function, without the GIL or in parallel where told.

    Numba's cache notices a change of the function's own file only, and cannot read the types of a file that was changed
    meanwhile; a checksum of all files in question in the function's name tells versions apart.
    """

    def decorate(function: Callable[..., Result]) -> Callable[..., Result]:
        shared = [str(Path(__file__).parent / name) for name in COMPILED_IN]
        checksum = zlib.crc32(repr([_checksum(name) for name in (function.__code__.co_filename, *shared)]).encode())
        function.__qualname__ += f"_{checksum:08x}"
        result: Callable[..., Result] = numba.njit(cache=True, nogil=nogil, parallel=parallel)(function)
        return result

    return decorate


@cache
def _checksum(path: str) -> int:
    return zlib.crc32(Path(path).read_bytes())
