"""How the loops of the emulator are compiled, and when what was compiled is out of date."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from numba import njit

from partition.numba_jit import compiled as compiler

Result = TypeVar("Result")

COMPILED_IN = (
    "adding.py",
    "arguments.py",
    "busiest_cores.py",
    "counting_tables.py",
    "overflow.py",
    "numba_jit.py",
    "emitting.py",
    "groups.py",
    "kernels.py",
    "lanes.py",
    "program.py",
    "routes.py",
    "widths.py",
    "wrapping.py",
)
"""The files whose functions and constants are compiled into the callers of other files too."""


def compiled(function: Callable[..., Result]) -> Callable[..., Result]:
    """``function``, compiled by Numba at its first call and kept on disk, without the GIL."""
    shared = [Path(__file__).with_name(name) for name in COMPILED_IN]
    return compiler(nogil=True, error_model="numpy", shared=shared)(function)


def inlined(function: Callable[..., Result]) -> Callable[..., Result]:
    """``function``, which Numba puts into its callers: for what is called in one place of this file, in every step."""
    result: Callable[..., Result] = njit(nogil=True, error_model="numpy", forceinline=True)(function)
    return result
