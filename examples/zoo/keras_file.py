"""Keras models to files."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def saved(model: Any, path: Path) -> Path:
    """``path`` with the ending .keras, to which ``model`` was saved."""
    path = path.with_suffix(".keras")
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)
    return path
