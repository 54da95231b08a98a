"""Numba's compiled functions kept on disk, also where neither the package nor the home can be written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def cached_njit(**options: object) -> Callable[[Function], Function]:
    """``numba.njit`` with these options and a cache: beside the file, in the home, or for this user in a temporary
    folder, which containers have."""

    def decorate(function: Function) -> Function:
        try:
            compiled: Function = numba.njit(cache=True, **options)(function)
        except RuntimeError:  # "no locator available": no place that can be written
            numba.config.CACHE_DIR = str(Path(tempfile.gettempdir()) / f"ann2loihi-numba-{_user()}")
            compiled = numba.njit(cache=True, **options)(function)
        return compiled

    return decorate


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0
