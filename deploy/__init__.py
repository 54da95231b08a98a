"""Network and partition in, runs on the emulator or the chip and energy reports out."""

from __future__ import annotations

from typing import Any

__all__ = ["RunOptions", "compare_energy", "run"]

_HOMES = {"RunOptions": "api", "compare_energy": "report.api", "run": "api"}


def __getattr__(name: str) -> Any:
    """Loads a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'deploy' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"deploy.{_HOMES[name]}"), name)
