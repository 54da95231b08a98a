"""A model written as a .keras file that says nothing of when it was written."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from convert.upstream.types import Model

METADATA = "metadata.json"
BEGINNING = (1980, 1, 1, 0, 0, 0)
"""The first date that an archive can hold."""


def save_model(model: Model, path: Path) -> None:
    """Writes ``model`` to the file ``path``: the same bytes for the same model."""
    model.save(path)
    dated = path.with_name(f"dated.{path.name}")
    path.rename(dated)
    with zipfile.ZipFile(dated) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as target:
        for info in sorted(source.infolist(), key=lambda info: info.filename):
            content = source.read(info)
            if info.filename == METADATA:
                content = json.dumps(json.loads(content) | {"date_saved": ""}).encode()
            target.writestr(zipfile.ZipInfo(info.filename, BEGINNING), content)
    dated.unlink()
