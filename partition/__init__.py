"""Network in, neurons on cores and chips out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .hardware import Board
    from .plan import Partition, read_partition
    from .search import partition

__all__ = ["Board", "Partition", "partition", "read_partition"]

_HOME = {"Board": "hardware", "Partition": "plan", "read_partition": "plan", "partition": "search"}


def __getattr__(name: str) -> Any:
    """Imports a name when it is first asked for, so that ``partition-model --help`` is quick."""
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
