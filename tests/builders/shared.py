"""Files that lie beside the repository, on some machines only."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3] / "shared"


def shared_file(name: str) -> Path:
    """The file ``name`` beside the repository; the test that asks is skipped where there is none."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"needs ../shared/{name}")
    return path
