"""Functions compiled by Numba at their first call, kept on disk until a file that is compiled into them changes."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TypeVar

from convert.upstream.numba_cache import cached_njit

Result = TypeVar("Result")

COMPILED_IN = tuple(
    Path(__file__).parent / name for name in ("traffic/unicast.py", "place/block_moves.py", "board/chip_swaps.py")
)
"""The files of this package whose functions, constants and types are compiled into the functions of other files too."""


def compiled(
    *, nogil: bool = False, parallel: bool = False, error_model: str = "python", shared: Iterable[Path] = COMPILED_IN
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """A decorator that compiles a function, with Numba's options; ``shared`` are files that it depends on.

    Numba's cache notices a change of the function's own file only, and cannot read the types of a file that was changed
    meanwhile; a checksum of all files in question in the function's name tells versions apart.
    """

    def decorate(function: Callable[..., Result]) -> Callable[..., Result]:
        files = (Path(function.__code__.co_filename), *shared)
        function.__qualname__ += f"_{zlib.crc32(repr([_checksum(path) for path in files]).encode()):08x}"
        options = {"nogil": nogil, "parallel": parallel, "error_model": error_model}
        return cached_njit(**options)(function)

    return decorate


@cache
def _checksum(path: Path) -> int:
    return zlib.crc32(path.read_bytes())
